import { createHash } from "node:crypto";
import { DureError } from "../../kit/index.ts";
import { callerName, type ProvenPrincipal } from "../auth/index.ts";
import type { RateLimitPolicy } from "../options.ts";
import { clientNetwork } from "./core/client-network.ts";
import type { Rate } from "./core/gcra.ts";

/** A request as limits see it. */
export interface LimitedRequest {
  readonly remoteAddress: string;
  /** What it asks for, as `books.add`. */
  readonly operation: string;
}

/** Longer keys are counted by their hash. */
const keyLengthMax = 100;
const namePattern = /^[A-Za-z0-9_-]{1,50}$/;

/** How much a policy lets pass. */
export function rateOf({ requests, perS, burst = requests }: RateLimitPolicy): Rate {
  return { intervalMs: (perS * 1_000) / requests, burst };
}

/** Under which key a request is counted; undefined where the policy is not about it. */
export function keyOf(
  policy: RateLimitPolicy,
  { remoteAddress, operation }: LimitedRequest,
  caller: ProvenPrincipal | undefined,
): string | undefined {
  if (policy.operations && !policy.operations.includes(operation)) return undefined;
  const whose = {
    ip: () => clientNetwork(remoteAddress),
    route: () => operation,
    principal: () => caller && callerName(caller),
    apiKey: () => caller?.apiKey,
  }[policy.by]();
  if (whose === undefined) return undefined;
  const key = `${policy.name} ${whose}`;
  return key.length <= keyLengthMax ? key : createHash("sha256").update(key).digest("base64");
}

/** Throws INVALID_ARGUMENT for policies that limit nothing, or could not be told apart. */
export function checkPolicies(policies: readonly RateLimitPolicy[]): void {
  const names = new Set<string>();
  for (const policy of policies) {
    const { name, requests, perS, burst = 1, shared, whenUnavailable } = policy;
    const refuse = (reason: string): never => {
      throw new DureError("INVALID_ARGUMENT", `gateway.rateLimits: the policy "${name}" ${reason}`);
    };
    if (!namePattern.test(name)) refuse("needs a name of letters, digits, - and _");
    if (names.has(name)) refuse("is there twice; give one of them another name");
    names.add(name);
    const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
    if (!isCount(requests)) refuse(`allows ${requests} requests; it must be a whole number from 1`);
    if (!isCount(burst)) refuse(`allows a burst of ${burst}; it must be a whole number from 1`);
    if (!isCount(perS)) refuse(`is for ${perS} s; it must be a whole number from 1`);
    if (whenUnavailable && !shared)
      refuse("is counted here, where nothing can be unavailable; leave whenUnavailable out");
  }
}
