/**
 * One call through layers 1 and 3 to 7 (client-stack.ts). Usually that is one attempt at one instance. A second one runs beside the
 * first where the first is unlikely to come to anything soon: its peer has fallen silent, or it takes far longer than such calls do,
 * or the call is hedged. The first answer wins and the others are cancelled.
 *
 * Invariants: (A1) one outcome; (A2) no attempt outlives it; (A3) what may have been begun is sent again only if that is harmless;
 * (A4) an attempt beyond the first that was not surely free is paid for from the budget, one beside it from that of companions too; (A5) what is passed up is marked, so that
 * nobody above retries it once more.
 */
import { now, random } from "../kit/index.ts";
import type { CallFailure, Client, Outcome, RequestHead } from "../wire/index.ts";
import { SettledOnce } from "../wire/index.ts";
import { Attempt } from "./attempt.ts";
import {
  type CallRequest,
  type ClientStack,
  lookAgainMs,
  unknownServiceWaitMs,
} from "./client-stack.ts";
import { decideRetry, isInstanceAtFault, isRefusal, redispatchesMax } from "./core/retry-policy.ts";
import { dialPatiently } from "./patient-dial.ts";
import type { ServicePool } from "./service-pool.ts";
import type { Target } from "./targets.ts";

/** Priorities below this are never refused by the caller itself. */
const throttledFrom = 2;
const defaultPriority = 3;

/** See the head of this file. */
export class Attempts extends SettledOnce {
  readonly #stack: ClientStack;
  readonly #pool: ServicePool;
  readonly #request: CallRequest;
  /** What is sent with the first attempt: the request's own head, in the call's span. */
  readonly #head: RequestHead;
  readonly #begunAt = now();
  readonly #deadlineAt: number;
  readonly #retriesMax: number;
  #tried: Set<string> | undefined;
  #retries = 0;
  #redispatches = 0;
  #waitedUntil: number | undefined;
  /** What the last attempt came to: what to tell the caller if there is nobody else to ask. */
  #last: Outcome | undefined;
  #running: Attempt | undefined;
  /** Attempts beside {@link #running}; most calls have none. */
  #others: Set<Attempt> | undefined;
  #isCancelled = false;
  /** Who was asked last. */
  #peer: string | undefined;

  constructor(stack: ClientStack, pool: ServicePool, request: CallRequest, head: RequestHead) {
    super();
    this.#stack = stack;
    this.#pool = pool;
    this.#request = request;
    this.#head = head;
    const { deadlineMs, retriesLeft } = head;
    this.#deadlineAt = this.#begunAt + deadlineMs;
    this.#retriesMax = Math.min(pool.retriesMax, retriesLeft ?? pool.retriesMax);
  }

  start(): void {
    const time = this.#begunAt;
    const { throttle } = this.#pool;
    const share = throttle.refusalShare(time);
    const priority = this.#head.priority ?? defaultPriority;
    if (share > 0 && priority >= throttledFrom && random() < share) {
      throttle.onRefused(time);
      return this.#fail(this.#stack.explainThrottle(this.#request.ref));
    }
    this.#pool.onCall(time);
    this.#attempt(time);
  }

  cancel(): void {
    this.#isCancelled = true;
    if (this.#running) return this.#running.cancel();
    const message = "the caller gave up";
    this.#fail({ code: "CANCELLED", message, isStarted: false, sent: "no" });
  }

  /** @internal One attempt is over. */
  onAttemptOutcome(attempt: Attempt, outcome: Outcome): void {
    this.#remove(attempt);
    const time = now();
    const { target } = attempt;
    const latencyMs = time - attempt.sentAt;
    if (!this.isSettled) this.#peer = target.slot;
    if (outcome.ok) {
      target.onAnswer(time, latencyMs, outcome.response);
      this.#pool.throttle.onAccepted(time);
      this.#pool.onLatency(this.#request.ref.operation, time, latencyMs);
      if (this.#running) this.#noteSlowOnes(time, this.#running);
      return this.#end(outcome, time);
    }
    const { failure } = outcome;
    if (isInstanceAtFault(failure)) target.onFault(time, latencyMs, () => this.#pool.mayEject());
    else if (failure.sent === "answered") target.onAnswer(time, latencyMs);
    else target.onNoVerdict();
    if (isRefusal(failure)) this.#pool.throttle.onRefused(time);
    else if (failure.sent === "answered") this.#pool.throttle.onAccepted(time);
    if (this.isSettled) return;
    this.#goOn(target, outcome, time);
  }

  /** @internal The instance has fallen silent: whoever may be asked twice is asked elsewhere. */
  onAttemptSuspect(attempt: Attempt): void {
    attempt.isSuspected = true;
    this.onAttemptWaiting(attempt, now() - attempt.sentAt);
  }

  /** @internal Told again and again: it takes far longer than such calls do, or nobody could be asked when its instance fell silent. */
  onAttemptWaiting(attempt: Attempt, waitedMs: number): void {
    const { ref, isHedgeable } = this.#request;
    if (waitedMs < this.#lateness(attempt.target)) return;
    const isDue = () => waitedMs >= this.#pool.patienceMs(ref.operation, this.#head.deadlineMs);
    if (attempt.isSuspected ? this.#isRepeatable : isHedgeable && isDue())
      this.#attemptBeside(attempt);
  }

  /** How late answers are because both ends are, in ms: who is busy is not helped by being asked twice. */
  #lateness(target: Target): number {
    return 2 * (target.loopDelayMs(now()) + this.#stack.loopDelayMs);
  }

  /** Without those that lose against a companion, calls would seem the faster the more often they are slow. */
  #noteSlowOnes(time: number, running: Attempt): void {
    for (const { sentAt } of [running, ...(this.#others ?? [])])
      this.#pool.onLatency(this.#request.ref.operation, time, time - sentAt);
  }

  get #isRepeatable(): boolean {
    const { isIdempotent, input } = this.#request;
    return !input && (isIdempotent || this.#head.idempotencyKey !== undefined);
  }

  #goOn(target: Target, outcome: Outcome & { ok: false }, time: number): void {
    const decision = decideRetry(outcome.failure, this.#isRepeatable);
    const isInputGone = this.#request.input !== undefined;
    // One that still runs may yet win.
    if (this.#running) return;
    if (decision === "give-up" || this.#isCancelled || isInputGone) return this.#end(outcome);
    this.#exclude(target);
    this.#last = outcome;
    if (decision === "redispatch") return this.#redispatch();
    if (!this.#mayRetry(time)) return this.#end(outcome);
    this.#attempt(time);
  }

  #mayRetry(time: number): boolean {
    if (this.#retries >= this.#retriesMax || !this.#pool.budget.tryTake(time)) return false;
    this.#retries += 1;
    this.#stack.onRetry(this.#request.ref.service);
    return true;
  }

  /** The same call once more, at another instance, while the first goes on. */
  #attemptBeside(attempt: Attempt): void {
    const time = now();
    if (this.isSettled || this.#isCancelled || attempt.hasCompanion) return;
    this.#exclude(attempt.target);
    const other = this.#pick();
    const client = other?.readyClient;
    // Only where it can go out at once: the first attempt still has its chance, and a link that is dialled now serves the next look.
    if (!client) other?.connect().catch(() => {});
    else if (this.#pool.companions.tryTake(time) && this.#mayRetry(time)) {
      attempt.hasCompanion = true;
      this.#send(other, client, time);
    }
  }

  #attempt(time = now()): void {
    if (this.isSettled) return;
    const remainingMs = this.#deadlineAt - time;
    if (remainingMs <= 0) {
      // Waiting for an instance has used the time up: that is what the caller should hear of.
      if (this.#waitedUntil === undefined) return this.#expire();
      return this.#endWithoutAnybody();
    }
    const target = this.#pick();
    if (!target) return this.#waitForInstance(time, remainingMs);
    const client = target.readyClient;
    if (client) return this.#send(target, client, time);
    dialPatiently({
      target,
      remainingMs,
      later: (delayMs, run) => this.#stack.later(delayMs, run),
      hasOther: () => this.#pick(new Set(this.#tried).add(target.nodeId)) !== undefined,
      onLink: (connected) => this.#send(target, connected, now()),
      onLeft: () => {
        this.#exclude(target);
        this.#redispatch();
      },
    });
  }

  #pick(tried: ReadonlySet<string> | undefined = this.#tried): Target | undefined {
    const { ref, isPartitioned = false, versions } = this.#request;
    return this.#pool.pick({ ref, key: this.#head.routingKey, isPartitioned, versions, tried });
  }

  #send(target: Target, client: Client, time: number): void {
    if (this.isSettled) return;
    const remainingMs = this.#deadlineAt - time;
    if (remainingMs <= 0) return this.#expire();
    const { ref, body, input } = this.#request;
    const attempt = new Attempt(this, target, time);
    this.#add(attempt);
    target.onSend(time);
    attempt.begin(client.call(ref, this.#headFor(remainingMs), body, input));
    if (this.#pool.isHedged && this.#request.isHedgeable && !this.#others) this.#planHedge(attempt);
  }

  #headFor(remainingMs: number): RequestHead {
    const head = this.#head;
    const attempt = this.#retries + this.#redispatches;
    if (attempt === 0 && remainingMs === head.deadlineMs) return head;
    const isLimited = head.retriesLeft !== undefined || this.#retries > 0;
    const retriesLeft = isLimited ? this.#retriesMax - this.#retries : undefined;
    return { ...head, deadlineMs: remainingMs, attempt, retriesLeft };
  }

  #planHedge(attempt: Attempt): void {
    const delayMs = this.#pool.hedgeDelayMs(this.#request.ref.operation);
    if (delayMs === undefined) return;
    this.#stack.later(delayMs, () => this.#attemptBeside(attempt));
  }

  #redispatch(): void {
    this.#redispatches += 1;
    if (this.#redispatches <= redispatchesMax) return this.#attempt();
    this.#endWithoutAnybody();
  }

  /** Nobody to ask: waits for the view to change, then begins anew, also with those tried before. */
  #waitForInstance(time: number, remainingMs: number): void {
    this.#waitedUntil ??= time + Math.min(unknownServiceWaitMs, remainingMs);
    const waitMs = this.#waitedUntil - time;
    const isWaiting =
      waitMs > 0 &&
      this.#stack.waitForChange(Math.min(waitMs, lookAgainMs), () => {
        this.#tried = undefined;
        this.#attempt();
      });
    if (!isWaiting) this.#endWithoutAnybody();
  }

  #endWithoutAnybody(): void {
    if (this.#last) return this.#end(this.#last);
    this.#fail(this.#stack.explainNobody(this.#request.ref));
  }

  #exclude(target: Target): void {
    this.#tried ??= new Set();
    this.#tried.add(target.nodeId);
  }

  #add(attempt: Attempt): void {
    if (!this.#running) this.#running = attempt;
    else {
      this.#others ??= new Set();
      this.#others.add(attempt);
    }
  }

  #remove(attempt: Attempt): void {
    if (this.#others?.delete(attempt) || this.#running !== attempt) return;
    const next = this.#others?.values().next().value;
    this.#running = next;
    if (next) this.#others?.delete(next);
  }

  #expire(): void {
    this.#fail(this.#stack.explainExpiry(this.#request.ref, this.#head.deadlineMs));
  }

  #fail(failure: CallFailure): void {
    this.#end({ ok: false, failure });
  }

  #end(outcome: Outcome, endedAt = now()): void {
    const told = outcome.ok
      ? outcome
      : { ok: false as const, failure: { ...outcome.failure, isExhausted: true } };
    if (!this.settle(told)) return;
    this.#stack.onMade(this.#head.trace, {
      ref: this.#request.ref,
      code: outcome.ok ? undefined : outcome.failure.code,
      startedAt: this.#begunAt,
      endedAt,
      peer: this.#peer,
      attempts: 1 + this.#retries + this.#redispatches,
    });
    if (!this.#running) return;
    for (const attempt of [this.#running, ...(this.#others ?? [])]) attempt.cancel();
  }
}
