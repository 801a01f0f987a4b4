/**
 * http: how contracts look over HTTP. Which operation a method and path mean, how a request becomes its input, how failures become
 * problem documents. Decides and converts; knows no sockets.
 */
export { BodyRefused } from "./body-refused.ts";
export { type FoundRoute, findRoute } from "./find-route.ts";
export { idempotencyKeyReused } from "./idempotency-key.ts";
export { type Found, PathTree } from "./path-tree.ts";
export { failureProblem, gatewayProblem, type Problem } from "./problem.ts";
export {
  endToEndHeaders,
  passedOnHeaders,
  type RawHead,
  rawHead,
  rawResponseHeaders,
} from "./raw-head.ts";
export type { HeaderList, Refusal, Step } from "./refusal.ts";
export { type RequestInput, readInput } from "./request-input.ts";
export { type KnownContract, type Route, RouteTable } from "./route-table.ts";
export { parseTarget, type Target, type TargetRefusal } from "./target.ts";
