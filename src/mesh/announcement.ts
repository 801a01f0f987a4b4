import { describe } from "../contract/index.ts";
import type { NodeRecord } from "../registry/index.ts";
import type { NodeContracts } from "./node-contracts.ts";
import type { HostedService } from "./service-host.ts";

/** What a node tells the registry of what it hosts. */
export function announcementOf(
  hosted: readonly HostedService[],
  contracts: NodeContracts,
): Pick<NodeRecord, "services" | "urls"> {
  return {
    services: hosted.map(({ name, contract }) => ({
      name,
      version: describe(contract).version,
      contractHash: contracts.hashOf(contract),
    })),
    urls: hosted.flatMap(({ contract }) =>
      Object.values(describe(contract).operations).flatMap(({ http }) =>
        http ? [`${http.method} ${http.path}`] : [],
      ),
    ),
  };
}
