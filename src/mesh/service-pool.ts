import { now, random } from "../kit/index.ts";
import type { Instance, Registry } from "../registry/index.ts";
import type { OperationRef } from "../wire/index.ts";
import { type Balancer, powerOfTwoChoices, roundRobin } from "./core/balancer.ts";
import { ClientThrottle } from "./core/client-throttle.ts";
import { hashOf } from "./core/hash-ring.ts";
import { LatencyDigest } from "./core/latency-digest.ts";
import { companionBudget, defaultRetryBudget, RetryBudget } from "./core/retry-budget.ts";
import { isVersion, versionOrder } from "./core/version-split.ts";
import { InstanceGroup, type TargetChoice } from "./instance-group.ts";
import type { ResolvedCallOptions } from "./options.ts";
import type { Target, Targets } from "./targets.ts";

/** What a pool works with. */
export interface ServicePoolOptions {
  readonly service: string;
  readonly registry: Registry;
  readonly targets: Targets;
  readonly calls: ResolvedCallOptions;
  /** Whether an instance offers the operation, as far as its contract is known. */
  offers(instance: Instance, ref: OperationRef): boolean;
}

/** What one call asks of the pool. */
export interface PickRequest {
  readonly ref: OperationRef;
  readonly key: string | undefined;
  readonly isPartitioned: boolean;
  /** In place of the shares of the options. */
  readonly versions?: readonly string[] | undefined;
  /** Node ids of the instances that have failed the call. */
  readonly tried: ReadonlySet<string> | undefined;
}

/** What is known of one operation. */
interface OperationPool {
  readonly offering: readonly Instance[];
  readonly all: InstanceGroup;
  /** By the versions that were asked for. */
  readonly byVersion: Map<string, InstanceGroup>;
}

/** Lets an instance of half the weight, or half started, take part in half of the choices. */
function isDrawn(share: number): boolean {
  return share >= 1 || random() < share;
}

/** An attempt at an idempotent operation gets this long before another instance is asked too, in ms (at least, and if unknown). */
const patienceMsMin = 150;
const patienceMsUnknown = 1_000;
const patienceSamplesMin = 20;

/** The instances of one service, and what calls to it share: balancer, budgets, throttle, latencies. */
export class ServicePool {
  readonly retriesMax: number;
  readonly isHedged: boolean;
  readonly budget = new RetryBudget(defaultRetryBudget, now());
  /** Of second attempts beside a first that goes on. */
  readonly companions = new RetryBudget(companionBudget, now());
  readonly throttle = new ClientThrottle();
  readonly #options: ServicePoolOptions;
  readonly #balancer: Balancer<Target>;
  readonly #latencies = new Map<string, LatencyDigest>();
  /** Who offers an operation, kept until the view or what is known of contracts changes. */
  #byOperation = new Map<OperationRef, OperationPool>();

  constructor(options: ServicePoolOptions) {
    const { balancer, retries, hedge } = options.calls;
    this.#options = options;
    this.#balancer = balancer === "p2c" ? powerOfTwoChoices(random) : roundRobin();
    this.retriesMax = retries;
    this.isHedged = hedge;
  }

  /** The view has changed, or contracts have become known. */
  invalidate(): void {
    this.#byOperation = new Map();
  }

  /** The instance to try next; undefined if there is none. Those that are better left alone are taken only where there is no other. */
  pick(request: PickRequest): Target | undefined {
    const pool = this.#operationPool(request.ref);
    const { targets } = pool.all;
    const { tried } = request;
    const [only] = targets;
    const isAnyVersion = !request.versions && !this.#options.calls.versions;
    if (targets.length === 1 && isAnyVersion)
      return only && tried?.has(only.nodeId) ? undefined : only;
    const time = now();
    const isUntried = (target: Target) => !tried?.has(target.nodeId);
    const isWelcome = (target: Target) => isUntried(target) && target.admits(time);
    const pickWith = (mayTake: TargetChoice["mayTake"]) =>
      this.#pickFrom(pool, request.versions, {
        now: time,
        key: request.key,
        isPartitioned: request.isPartitioned,
        mayTake,
      });
    // A key says where to go: shares are for those who may go anywhere.
    const byShare =
      request.key === undefined
        ? pickWith((target) => isWelcome(target) && isDrawn(pool.all.shareOf(target, time)))
        : undefined;
    return byShare ?? pickWith(isWelcome) ?? pickWith(isUntried);
  }

  /** Whether one more instance may be taken out: never more than half of them are. */
  mayEject(): boolean {
    const { service, registry, targets } = this.#options;
    const instances = registry.instancesOf(service);
    const out = instances.filter((instance) => targets.of(instance).isEjected).length;
    return (out + 1) * 2 <= instances.length;
  }

  /** How it is now. */
  reading() {
    const { service, registry, targets } = this.#options;
    const instances = registry.instancesOf(service).map((instance) => targets.of(instance));
    return {
      service,
      instances: instances.length,
      ejected: instances.filter(({ isEjected }) => isEjected).length,
      pending: instances.reduce((sum, { pendingCount }) => sum + pendingCount, 0),
      refusalShare: this.throttle.refusalShare(now()),
      retryBudget: this.budget.balance(now()),
    };
  }

  /** A call is made. */
  onCall(time: number): void {
    this.budget.onCall(time);
    this.companions.onCall(time);
  }

  /** A call was answered well after so long. */
  onLatency(operation: string, time: number, latencyMs: number): void {
    let digest = this.#latencies.get(operation);
    if (!digest) {
      digest = new LatencyDigest();
      this.#latencies.set(operation, digest);
    }
    digest.add(time, latencyMs);
  }

  /** How long an attempt is waited for before another instance is asked too: four times what nearly all calls take. */
  patienceMs(operation: string, deadlineMs: number): number {
    const digest = this.#latencies.get(operation);
    const isKnown = digest && digest.count >= patienceSamplesMin;
    const usualMs = isKnown ? 4 * (digest.quantile(0.99) ?? 0) : patienceMsUnknown;
    return Math.min(Math.max(usualMs, patienceMsMin), deadlineMs / 2);
  }

  /** When a hedged call asks a second instance, in ms; undefined while too little is known ("The Tail at Scale": the 95th percentile). */
  hedgeDelayMs(operation: string): number | undefined {
    const digest = this.#latencies.get(operation);
    return digest && digest.count >= patienceSamplesMin ? digest.quantile(0.95) : undefined;
  }

  #pickFrom(
    pool: OperationPool,
    wanted: readonly string[] | undefined,
    choice: TargetChoice,
  ): Target | undefined {
    const { versions } = this.#options.calls;
    if (!wanted && !versions) return pool.all.pick(choice);
    const draw = choice.key === undefined ? random() : hashOf(choice.key) / 2 ** 32;
    for (const version of wanted ?? versionOrder(versions ?? {}, draw)) {
      const found = this.#groupOf(pool, version).pick(choice);
      if (found) return found;
    }
    return undefined;
  }

  #groupOf({ offering, byVersion }: OperationPool, version: string): InstanceGroup {
    let group = byVersion.get(version);
    if (!group) {
      group = this.#group(offering.filter(({ service }) => isVersion(service.version, version)));
      byVersion.set(version, group);
    }
    return group;
  }

  #operationPool(ref: OperationRef): OperationPool {
    let pool = this.#byOperation.get(ref);
    if (!pool) {
      const { service, registry, offers } = this.#options;
      const offering = registry.instancesOf(service).filter((instance) => offers(instance, ref));
      pool = { offering, all: this.#group(offering), byVersion: new Map() };
      this.#byOperation.set(ref, pool);
    }
    return pool;
  }

  #group(instances: readonly Instance[]): InstanceGroup {
    const { registry, targets } = this.#options;
    return new InstanceGroup(
      instances.map((instance) => targets.of(instance)),
      this.#balancer,
      registry.self.zone,
    );
  }
}
