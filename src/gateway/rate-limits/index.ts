/** rate-limits: how much each caller may ask for. */
export { type Admission, RateLimits } from "./rate-limits.ts";
