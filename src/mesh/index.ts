/**
 * mesh: nodes and the calls between them. `client-stack.ts` and `server-stack.ts` show the layers of a call in order;
 * `node.ts` puts the parts together.
 */

export type { NodeQuestion } from "./ask-node.ts";
export type { CallRequest } from "./client-stack.ts";
export { type ConnectOptions, connect, type MeshConnection } from "./connect.ts";
export type { ContractPolicy } from "./contract-gate.ts";
export { contractHash } from "./contract-hash.ts";
export type { BalancerName } from "./core/balancer.ts";
export { Breaker, defaultBreaker } from "./core/breaker.ts";
export { hashOf } from "./core/hash-ring.ts";
export { isHedgeable } from "./core/idempotence.ts";
export { defaultRetryBudget, RetryBudget } from "./core/retry-budget.ts";
export { isVersion, type VersionWeights, versionOrder } from "./core/version-split.ts";
export type {
  EventSchedule,
  EventSubscription,
  EventsPort,
  EventWishes,
  IncomingEvent,
  OutgoingEvent,
  PublishTimes,
} from "./events-port.ts";
export { httpCall } from "./http-call.ts";
export type { MeshNode } from "./mesh-node.ts";
export { createNode } from "./node.ts";
export {
  type CallDefaults,
  deadlineMsFor,
  defaultCalls,
  type NodeOptions,
  type ServiceCallOptions,
} from "./options.ts";
export type { MessageStream } from "./stream-call.ts";
export { type CallParent, childHead } from "./typed-client.ts";
