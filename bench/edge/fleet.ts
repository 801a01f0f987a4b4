import type { GatewayOptions } from "../../src/node.ts";
import { type RunningEdge, startModule } from "./peer.ts";

/** Gateway, service and Distributor; the CPU time of all three counts. `options`: what the gateway is told beside its defaults. */
export async function startDure(options: Partial<GatewayOptions> = {}): Promise<RunningEdge> {
  const distributor = await startModule("./dure.ts", "distributor");
  const service = await startModule("./dure.ts", "service", distributor.address);
  const gateway = await startModule(
    "./dure.ts",
    "gateway",
    distributor.address,
    JSON.stringify(options),
  );
  return { url: gateway.address, programs: [gateway, service, distributor] };
}
