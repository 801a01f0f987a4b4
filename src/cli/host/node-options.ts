import type { NodeOptions } from "../../mesh/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { transportFor } from "../transport.ts";
import type { NodeSpec } from "./spec.ts";

/** What every node of a fleet is made with. `name` is what others call it, and whose certificate it has. */
export async function nodeOptionsOf(
  spec: NodeSpec,
  name: string,
  logger: Logger,
): Promise<NodeOptions & { readonly name: string }> {
  return {
    name,
    slot: spec.name,
    mesh: spec.mesh,
    host: spec.host,
    distributors: spec.distributors,
    token: spec.token,
    transport: await transportFor(spec.certs, name, logger),
    dataDir: spec.dataFolder,
    calls: spec.calls,
    contracts: spec.contracts,
    principals: spec.principals,
    zone: spec.zone,
    traces: spec.traces,
    logger,
  };
}
