/**
 * registry: who is there. The Distributor (server), the loop by which a node announces itself and listens, and the view that
 * survives every Distributor. Knows nothing of calls.
 */
export { advertisedHost } from "./advertised-host.ts";
export type { EntryStatus, ViewEntry } from "./core/view.ts";
export { createDistributor, type Distributor, type DistributorOptions } from "./distributor.ts";
export type { RegistryOptions, SelfRecord } from "./options.ts";
export { distributorRefs } from "./protocol.ts";
export type { NodeRecord, ServiceRecord } from "./record.ts";
export {
  type Instance,
  joinRegistry,
  newNodeId,
  type Registry,
} from "./registry.ts";
