/** rate-limits: how much each caller may ask for. */
export { rateLimitService } from "./mesh-counters.ts";
export { type Admission, RateLimits } from "./rate-limits.ts";
export { UnknownOperations } from "./unknown-operations.ts";
