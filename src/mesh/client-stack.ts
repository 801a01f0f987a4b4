/**
 * The caller's side of a call, in the order in which a call meets the layers:
 *
 *   1. overall deadline      no attempt outlives it; it is the caller's own or what is left of the one above
 *   2. local first           an operation hosted in this process needs no wire, but keeps all the rules
 *   3. wait for an instance  a fleet starts in any order, so an unknown service is waited for, within bounds
 *   4. retry, redispatch     what was surely not begun goes elsewhere for free; the rest only if idempotent, within a budget
 *   5. pick                  the balancer, without suspect, draining and full instances, and without those tried before
 *   6. link                  dial if needed, send, measure
 *
 * A layer never sees what those above it have already dealt with.
 */
import { now, random, TimerWheel } from "../kit/index.ts";
import type { Instance, Registry } from "../registry/index.ts";
import type {
  Body,
  CallFailure,
  Client,
  OperationRef,
  Outcome,
  PendingCall,
  RequestHead,
} from "../wire/index.ts";
import { type Balancer, powerOfTwoChoices, roundRobin } from "./core/balancer.ts";
import { defaultRetryBudget, RetryBudget } from "./core/retry-budget.ts";
import { decideRetry, redispatchesMax } from "./core/retry-policy.ts";
import { type CallDefaults, callOptionsFor } from "./options.ts";
import type { Target, Targets } from "./targets.ts";

/** A call as bytes. */
export interface CallRequest {
  readonly ref: OperationRef;
  readonly head: RequestHead;
  readonly body: Body;
  /** Whether a second execution is harmless. */
  readonly isIdempotent: boolean;
}

/** What the stack works with. */
export interface ClientStackOptions {
  readonly registry: Registry;
  readonly targets: Targets;
  readonly calls: CallDefaults | undefined;
  /** Runs the operation in this process, if it is hosted here and takes calls. */
  callLocally(request: CallRequest): PendingCall | undefined;
  /** Whether an instance offers the operation, as far as its contract is known. */
  offers(instance: Instance, operation: string): boolean;
}

/** How long an unknown service is waited for, in ms; never longer than the deadline. */
const unknownServiceWaitMs = 2_000;
/** Calls that wait for a service at once; one more is refused. */
const waitersMax = 10_000;
const noTargets: ReadonlySet<string> = new Set();

interface PerService {
  readonly balancer: Balancer;
  readonly retriesMax: number;
  readonly budget: RetryBudget;
}

export class ClientStack {
  readonly #options: ClientStackOptions;
  readonly #services = new Map<string, PerService>();
  readonly #waiters = new Set<() => void>();
  readonly #wheel = new TimerWheel();
  readonly #stopListening: () => void;

  constructor(options: ClientStackOptions) {
    this.#options = options;
    this.#stopListening = options.registry.onChange(() => {
      for (const wake of [...this.#waiters]) wake();
    });
  }

  /** Makes a call; what goes wrong is its outcome. */
  call(request: CallRequest): PendingCall {
    const local = this.#options.callLocally(request);
    if (local) return local;
    const attempts = new Attempts(this, request);
    attempts.start();
    return attempts;
  }

  close(): void {
    this.#stopListening();
    this.#wheel.close();
    this.#options.targets.close();
  }

  /** @internal */
  perService(service: string): PerService {
    let found = this.#services.get(service);
    if (!found) {
      const { balancer, retries } = callOptionsFor(this.#options.calls, service);
      found = {
        balancer: balancer === "p2c" ? powerOfTwoChoices(random) : roundRobin(),
        retriesMax: retries,
        budget: new RetryBudget(defaultRetryBudget, now()),
      };
      this.#services.set(service, found);
    }
    return found;
  }

  /** @internal The instance to try next; undefined if there is none. */
  pick({ service, operation }: OperationRef, tried: ReadonlySet<string>): Target | undefined {
    const instances = this.#options.registry.instancesOf(service);
    const { targets } = this.#options;
    const fresh: Target[] = [];
    const avoided: Target[] = [];
    for (const instance of instances) {
      if (tried.has(instance.nodeId) || !this.#options.offers(instance, operation)) continue;
      const target = targets.of(instance);
      (target.isAvoided ? avoided : fresh).push(target);
    }
    const candidates = fresh.length > 0 ? fresh : avoided;
    return candidates.length === 0
      ? undefined
      : candidates[this.perService(service).balancer.pick(candidates)];
  }

  /** @internal Calls `wake` when the view changes or after `waitMs`; false if too many wait already. */
  waitForChange(waitMs: number, wake: () => void): boolean {
    if (this.#waiters.size >= waitersMax) return false;
    const woken = () => {
      if (!this.#waiters.delete(woken)) return;
      this.#wheel.remove(entry);
      wake();
    };
    const entry = this.#wheel.add(now() + waitMs, woken);
    this.#waiters.add(woken);
    return true;
  }

  /** @internal Why nobody can be called, and what to do about it. */
  explainNobody({ service, operation }: OperationRef): CallFailure {
    const { registry } = this.#options;
    const distributors = registry
      .distributors()
      .map(({ address, state }) => `${address.host}:${address.port} ${state}`)
      .join(", ");
    const isKnown = registry.services().includes(service);
    const why = isKnown
      ? `no instance of "${service}" that offers ${operation} can be reached`
      : `no node offers "${service}"; start it, or check its name`;
    return {
      code: "UNAVAILABLE",
      message: `${why} (Distributors: ${distributors || "none configured"})`,
      isStarted: false,
      sent: "no",
    };
  }
}

/** One call through layers 1 and 3 to 6. */
class Attempts implements PendingCall {
  readonly outcome: Promise<Outcome>;
  readonly #stack: ClientStack;
  readonly #request: CallRequest;
  readonly #deadlineAt: number;
  #resolve!: (outcome: Outcome) => void;
  #tried: Set<string> | undefined;
  #retries = 0;
  #redispatches = 0;
  #waitedUntil: number | undefined;
  #pending: PendingCall | undefined;
  #isSettled = false;

  constructor(stack: ClientStack, request: CallRequest) {
    this.#stack = stack;
    this.#request = request;
    this.#deadlineAt = now() + request.head.deadlineMs;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  start(): void {
    this.#stack.perService(this.#request.ref.service).budget.onCall();
    this.#attempt();
  }

  cancel(): void {
    if (this.#pending) this.#pending.cancel();
    else
      this.#fail({
        code: "CANCELLED",
        message: "the caller gave up",
        isStarted: false,
        sent: "no",
      });
  }

  #attempt(): void {
    if (this.#isSettled) return;
    const remainingMs = this.#deadlineAt - now();
    if (remainingMs <= 0) return this.#expire();
    const target = this.#stack.pick(this.#request.ref, this.#tried ?? noTargets);
    if (!target) return this.#waitForInstance(remainingMs);
    const client = target.readyClient;
    if (client) return this.#send(target, client);
    target.connect().then(
      (connected) => this.#send(target, connected),
      () => {
        this.#exclude(target);
        this.#redispatch();
      },
    );
  }

  #send(target: Target, client: Client): void {
    if (this.#isSettled) return;
    const sentAt = now();
    const remainingMs = this.#deadlineAt - sentAt;
    if (remainingMs <= 0) return this.#expire();
    const { ref, head, body } = this.#request;
    const attempt = this.#retries + this.#redispatches;
    this.#pending = client.call(ref, { ...head, deadlineMs: remainingMs, attempt }, body);
    void this.#pending.outcome.then((outcome) => {
      this.#pending = undefined;
      if (outcome.ok) {
        target.observe(now() - sentAt);
        this.#settle(outcome);
      } else this.#onFailure(target, outcome, now() - sentAt);
    });
  }

  #onFailure(target: Target, outcome: Outcome & { ok: false }, latencyMs: number): void {
    const { failure } = outcome;
    if (failure.sent !== "no") target.observe(latencyMs);
    const decision = decideRetry(
      failure,
      this.#request.isIdempotent || this.#request.head.idempotencyKey !== undefined,
    );
    if (decision === "give-up") return this.#settle(outcome);
    this.#exclude(target);
    if (decision === "redispatch") return this.#redispatch(outcome);
    const { retriesMax, budget } = this.#stack.perService(this.#request.ref.service);
    if (this.#retries >= retriesMax || !budget.tryTake(now())) return this.#settle(outcome);
    this.#retries += 1;
    this.#attempt();
  }

  /** @param outcome what to tell the caller if it has been everywhere. */
  #redispatch(outcome?: Outcome): void {
    this.#redispatches += 1;
    if (this.#redispatches <= redispatchesMax) return this.#attempt();
    if (outcome) return this.#settle(outcome);
    this.#fail(this.#stack.explainNobody(this.#request.ref));
  }

  /** Nobody to ask: waits for the view to change, then begins anew, also with those tried before. */
  #waitForInstance(remainingMs: number): void {
    const time = now();
    this.#waitedUntil ??= time + Math.min(unknownServiceWaitMs, remainingMs);
    const waitMs = this.#waitedUntil - time;
    const isWaiting =
      waitMs > 0 &&
      this.#stack.waitForChange(Math.min(waitMs, 100), () => {
        this.#tried = undefined;
        this.#attempt();
      });
    if (!isWaiting) this.#fail(this.#stack.explainNobody(this.#request.ref));
  }

  #exclude(target: Target): void {
    this.#tried ??= new Set();
    this.#tried.add(target.nodeId);
  }

  #expire(): void {
    const { ref, head } = this.#request;
    this.#fail({
      code: "DEADLINE_EXCEEDED",
      message: `${ref.service}.${ref.operation}: no answer within ${Math.round(head.deadlineMs)} ms`,
      isStarted: false,
      sent: "no",
    });
  }

  #fail(failure: CallFailure): void {
    this.#settle({ ok: false, failure });
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#resolve(outcome);
  }
}
