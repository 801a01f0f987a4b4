import type { HeaderList, Refusal } from "../../http/index.ts";
import type { ProvenPrincipal } from "../auth/index.ts";
import type { RateLimitPolicy } from "../options.ts";
import { rateLimitFields, seconds } from "./core/fields.ts";
import type { Rate } from "./core/gcra.ts";
import { type Counters, LocalCounters } from "./counters.ts";
import { checkPolicies, keyOf, type LimitedRequest, rateOf } from "./policy.ts";

/** What limits say of a request: whether it may pass, and what its answer tells of them. */
export interface Admission {
  readonly refusal?: Refusal;
  readonly headers: HeaderList;
}

interface Limit {
  readonly policy: RateLimitPolicy;
  readonly rate: Rate;
}

const unlimited: Admission = { headers: [] };

/** The gateway's limits. Who calls is not known before it is verified, and verifying costs time: so limits are asked twice. */
export class RateLimits {
  readonly #onArrival: readonly Limit[];
  readonly #byCaller: readonly Limit[];
  readonly #local: Counters = new LocalCounters();

  /** Throws INVALID_ARGUMENT for policies that limit nothing, or could not be told apart. */
  constructor(policies: readonly RateLimitPolicy[]) {
    checkPolicies(policies);
    const isEarly = ({ by }: RateLimitPolicy) => by === "ip" || by === "route";
    const limits = (chosen: readonly RateLimitPolicy[]) =>
      chosen.map((policy) => ({ policy, rate: rateOf(policy) }));
    this.#onArrival = limits(policies.filter(isEarly));
    this.#byCaller = limits(policies.filter((policy) => !isEarly(policy)));
  }

  /** Asks those by address and route, before anything is done for the request. */
  onArrival(request: LimitedRequest): Promise<Admission> {
    return this.#ask(this.#onArrival, request, undefined);
  }

  /** Asks those by principal and API key. */
  onCaller(request: LimitedRequest, caller: ProvenPrincipal | undefined): Promise<Admission> {
    return this.#ask(this.#byCaller, request, caller);
  }

  async #ask(
    limits: readonly Limit[],
    request: LimitedRequest,
    caller: ProvenPrincipal | undefined,
  ): Promise<Admission> {
    if (limits.length === 0) return unlimited;
    const headers: (readonly [string, string])[] = [];
    for (const { policy, rate } of limits) {
      const key = keyOf(policy, request, caller);
      if (key === undefined) continue;
      const verdict = await this.#local.take(key, rate);
      headers.push(...rateLimitFields(policy, verdict));
      if (!verdict.isAllowed) return { headers, refusal: tooMany(policy, verdict.retryMs) };
    }
    return { headers };
  }
}

function tooMany({ name, requests, perS }: RateLimitPolicy, retryMs: number): Refusal {
  const retryS = Math.max(1, seconds(retryMs));
  return {
    status: 429,
    detail: `the limit "${name}" is ${requests} requests in ${perS} s; try again in ${retryS} s`,
    headers: [["retry-after", String(retryS)]],
  };
}
