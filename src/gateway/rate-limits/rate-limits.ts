import type { HeaderList, Refusal } from "../../http/index.ts";
import { asError, DureError, now } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { Counter, Logger } from "../../telemetry/index.ts";
import type { ProvenPrincipal } from "../auth/index.ts";
import type { GatewayOptions, RateLimitPolicy } from "../options.ts";
import { rateLimitFields, seconds } from "./core/fields.ts";
import type { Rate, Verdict } from "./core/gcra.ts";
import { type Counters, LocalCounters } from "./counters.ts";
import { MeshCounters } from "./mesh-counters.ts";
import { checkPolicies, keyOf, type LimitedRequest, rateOf } from "./policy.ts";
import { RedisCounters } from "./redis-counters.ts";

/** What limits say of a request: whether it may pass, and what its answer tells of them. */
export interface Admission {
  readonly refusal?: Refusal;
  readonly headers: HeaderList;
}

interface Limit {
  readonly policy: RateLimitPolicy;
  readonly rate: Rate;
  readonly counters: Counters;
}

/** What limits work with. */
interface LimitSurroundings {
  readonly node: MeshNode;
  readonly redis: GatewayOptions["redis"];
  readonly logger: Logger;
}

const unlimited: Admission = { headers: [] };
const notCounted: Refusal = {
  status: 503,
  detail: "how much you have asked for cannot be counted now",
  headers: [["retry-after", "1"]],
};
const definitions = {
  refused: {
    name: "dure_gateway_limited_total",
    help: "requests that a rate limit refused",
    labels: ["policy"],
  },
  uncounted: {
    name: "dure_gateway_uncounted_total",
    help: "requests that could not be counted where all gateways count",
    labels: ["policy"],
  },
} as const;
/** That counting fails is told so often, in ms. */
const tellEveryMs = 10_000;

/** The gateway's limits. Who calls is not known before it is verified, and verifying costs time: so limits are asked twice. */
export class RateLimits {
  readonly #onArrival: readonly Limit[];
  readonly #byCaller: readonly Limit[];
  readonly #local = new LocalCounters();
  readonly #redis: RedisCounters | undefined;
  readonly #logger: Logger;
  readonly #refused: Counter;
  readonly #uncounted: Counter;
  #toldAt = Number.NEGATIVE_INFINITY;

  /**
   * Throws INVALID_ARGUMENT for policies that limit nothing, or could not be told apart, and FAILED_PRECONDITION where one is shared
   * by what is not there.
   */
  constructor(policies: readonly RateLimitPolicy[], { node, redis, logger }: LimitSurroundings) {
    checkPolicies(policies);
    this.#logger = logger;
    this.#refused = node.metrics.counter(definitions.refused);
    this.#uncounted = node.metrics.counter(definitions.uncounted);
    const isShared = (by: string) => policies.some(({ shared }) => shared === by);
    this.#redis = isShared("redis") ? openCounters(redis, node) : undefined;
    const counters = {
      here: this.#local,
      mesh: isShared("mesh") ? new MeshCounters(node) : this.#local,
      redis: this.#redis ?? this.#local,
    };
    const isEarly = ({ by }: RateLimitPolicy) => by === "ip" || by === "route";
    const limits = policies.map((policy) => ({
      policy,
      rate: rateOf(policy),
      counters: counters[policy.shared ?? "here"],
    }));
    this.#onArrival = limits.filter(({ policy }) => isEarly(policy));
    this.#byCaller = limits.filter(({ policy }) => !isEarly(policy));
  }

  close(): void {
    this.#redis?.close();
  }

  /** Asks those by address and route, before anything is done for the request. */
  onArrival(request: LimitedRequest): Admission | Promise<Admission> {
    if (this.#onArrival.length === 0) return unlimited;
    return this.#ask(this.#onArrival, request, undefined);
  }

  /** Asks those by principal and API key. */
  onCaller(
    request: LimitedRequest,
    caller: ProvenPrincipal | undefined,
  ): Admission | Promise<Admission> {
    if (this.#byCaller.length === 0) return unlimited;
    return this.#ask(this.#byCaller, request, caller);
  }

  async #ask(
    limits: readonly Limit[],
    request: LimitedRequest,
    caller: ProvenPrincipal | undefined,
  ): Promise<Admission> {
    const headers: (readonly [string, string])[] = [];
    for (const limit of limits) {
      const key = keyOf(limit.policy, request, caller);
      if (key === undefined) continue;
      const verdict = await this.#take(limit, key);
      if (verdict === "closed") return { headers, refusal: notCounted };
      if (verdict === "open") continue;
      headers.push(...rateLimitFields(limit.policy, verdict));
      if (verdict.isAllowed) continue;
      this.#refused.add([limit.policy.name]);
      return { headers, refusal: tooMany(limit.policy, verdict.retryMs) };
    }
    return { headers };
  }

  async #take(
    { policy, rate, counters }: Limit,
    key: string,
  ): Promise<Verdict | "open" | "closed"> {
    try {
      return await counters.take(key, rate);
    } catch (thrown) {
      const { name: limit, whenUnavailable = "local" } = policy;
      this.#uncounted.add([limit]);
      this.#tell({ limit, whenUnavailable, reason: asError(thrown).message });
      return whenUnavailable === "local" ? this.#local.take(key, rate) : whenUnavailable;
    }
  }

  #tell(facts: Readonly<Record<string, string>>): void {
    if (now() - this.#toldAt < tellEveryMs) return;
    this.#toldAt = now();
    this.#logger.warn("requests cannot be counted where all gateways count", facts);
  }
}

function openCounters(open: GatewayOptions["redis"], node: MeshNode): RedisCounters {
  if (open) return new RedisCounters(open(), node.registry.self.mesh);
  const message =
    "gateway.rateLimits: a policy is shared by Redis, and there is none; set gateway.redis";
  throw new DureError("FAILED_PRECONDITION", message);
}

function tooMany({ name, requests, perS }: RateLimitPolicy, retryMs: number): Refusal {
  const retryS = Math.max(1, seconds(retryMs));
  return {
    status: 429,
    detail: `the limit "${name}" is ${requests} requests in ${perS} s; try again in ${retryS} s`,
    headers: [["retry-after", String(retryS)]],
  };
}
