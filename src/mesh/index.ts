/**
 * mesh: nodes and the calls between them. `client-stack.ts` and `server-stack.ts` show the layers of a call in order;
 * `node.ts` puts the parts together.
 */

export type { CallRequest } from "./client-stack.ts";
export { contractHash } from "./contract-hash.ts";
export type { BalancerName } from "./core/balancer.ts";
export { createNode, type MeshNode } from "./node.ts";
export {
  type CallDefaults,
  callOptionsFor,
  defaultCalls,
  type NodeOptions,
  type ServiceCallOptions,
} from "./options.ts";
export type { RawHead } from "./raw-operation.ts";
