import type { HeaderList } from "../../../http/index.ts";
import type { RateLimitPolicy } from "../../options.ts";
import { roundingMs, type Verdict } from "./gcra.ts";

/** What an answer says of a policy: its quota, and what is left of it (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4). */
export function rateLimitFields(
  { name, requests, perS }: RateLimitPolicy,
  { remaining, resetMs }: Verdict,
): HeaderList {
  return [
    ["ratelimit-policy", `"${name}";q=${requests};w=${perS}`],
    ["ratelimit", `"${name}";r=${remaining};t=${seconds(resetMs)}`],
  ];
}

/** Whole seconds after which it is so. */
export function seconds(ms: number): number {
  return Math.max(0, Math.ceil((ms - roundingMs) / 1_000));
}
