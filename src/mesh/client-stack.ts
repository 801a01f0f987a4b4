/**
 * The caller's side of a call, in the order in which a call meets the layers:
 *
 *   1. overall deadline      no attempt outlives it; it is the caller's own or what is left of the one above
 *   2. local first           an operation hosted in this process needs no wire, but keeps all the rules; data that another instance
 *                            owns is asked for there all the same
 *   3. wait for an instance  a fleet starts in any order, so an unknown service is waited for, within bounds
 *   4. retry, redispatch     what was surely not begun goes elsewhere for free; the rest only if idempotent, within a budget
 *   5. throttle, companion   a caller that is mostly refused asks less; a call that hangs is asked elsewhere beside the first
 *   6. pick                  version, key or balancer, without suspect, ejected, draining and full instances and those tried before
 *   7. link                  dial if needed, send, measure; the outcome reaches breaker, balancer and budgets
 *
 * A layer never sees what those above it have already dealt with.
 */
import { now, TimerWheel } from "../kit/index.ts";
import type { Instance, Registry } from "../registry/index.ts";
import type { TraceContext, Traces } from "../telemetry/index.ts";
import type {
  Body,
  CallFailure,
  IncomingStream,
  OperationRef,
  PendingCall,
  RequestHead,
} from "../wire/index.ts";
import { Attempts } from "./attempts.ts";
import { isUntraced } from "./core/platform-services.ts";
import type { NodeMetrics } from "./node-metrics.ts";
import { type CallDefaults, callOptionsFor } from "./options.ts";
import { ServicePool } from "./service-pool.ts";
import { type MessageStream, StreamCall } from "./stream-call.ts";
import type { Target, Targets } from "./targets.ts";

/** A call as bytes. */
export interface CallRequest {
  readonly ref: OperationRef;
  /** Its `trace` is that of whoever calls; the call becomes a part of it. */
  readonly head: RequestHead;
  readonly body: Body;
  /** Messages that follow, where the operation takes a stream; then `body` is empty. They can be sent once. */
  readonly input?: AsyncIterable<Body> | undefined;
  /** Whether a second execution is harmless. */
  readonly isIdempotent: boolean;
  /** Whether even two at once are: reads. Default false. */
  readonly isHedgeable?: boolean | undefined;
  /** The routing key names data that one instance owns. Default false. */
  readonly isPartitioned?: boolean | undefined;
  /** The versions that may be called, in this order. Default: as the service's options say. */
  readonly versions?: readonly string[] | undefined;
}

/** What the stack works with. */
export interface ClientStackOptions {
  readonly registry: Registry;
  readonly targets: Targets;
  readonly calls: CallDefaults | undefined;
  readonly metrics: NodeMetrics;
  readonly traces: Traces;
  /** Runs the operation in this process, if it is hosted here and takes calls. `head`: in place of the request's own. */
  callLocally(request: CallRequest, head: RequestHead): PendingCall | undefined;
  /** The same for an operation that answers a stream. */
  openLocally(request: CallRequest): IncomingStream | undefined;
  /** How late the event loop of this process runs, in ms. */
  loopDelayMs(): number;
  /** Whether an instance offers the operation, as far as its contract is known. */
  offers(instance: Instance, ref: OperationRef): boolean;
}

/** A call that is over. */
export interface MadeCall {
  readonly ref: OperationRef;
  /** Undefined if it went well. */
  readonly code: string | undefined;
  /** Both on the clock of `now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The slot of whoever answered last. */
  readonly peer?: string | undefined;
  readonly attempts?: number;
}

/** How long an unknown service is waited for, in ms; never longer than the deadline. */
export const unknownServiceWaitMs = 2_000;
/** A call that waits for an instance looks again at least this often, in ms. */
export const lookAgainMs = 100;
/** Calls that wait for a service at once; one more is refused. */
const waitersMax = 10_000;

export class ClientStack {
  readonly #options: ClientStackOptions;
  readonly #pools = new Map<string, ServicePool>();
  readonly #waiters = new Set<() => void>();
  readonly #wheel = new TimerWheel();
  readonly #hedges = new TimerWheel(2);
  readonly #stopListening: () => void;

  constructor(options: ClientStackOptions) {
    this.#options = options;
    this.#stopListening = options.registry.onChange(() => this.onChange());
  }

  /** Makes a call; what goes wrong is its outcome. */
  call(asked: CallRequest): PendingCall {
    const head = this.#headInSpan(asked);
    const local = this.#isOwnedElsewhere(asked)
      ? undefined
      : this.#options.callLocally(asked, head);
    const { ref } = asked;
    if (!local) {
      const attempts = new Attempts(this, this.#pool(ref.service), asked, head);
      attempts.start();
      return attempts;
    }
    const startedAt = now();
    if (head.trace) {
      local.observe({
        onOutcome: (outcome) => {
          const code = outcome.ok ? undefined : outcome.failure.code;
          this.#onMadeLocally(head.trace, { ref, code, startedAt, endedAt: now() });
        },
      });
    }
    return local;
  }

  /** A stream, opened when it is first read; what goes wrong is thrown to its reader as a `StreamFailure`. */
  openStream(asked: CallRequest): MessageStream {
    const request = { ...asked, head: this.#headInSpan(asked) };
    const pool = this.#pool(request.ref.service);
    const openLocally = (each: CallRequest) =>
      this.#isOwnedElsewhere(each) ? undefined : this.#options.openLocally(each);
    const findTarget = (tried: ReadonlySet<string>, deadlineAt: number) =>
      this.#findTarget(pool, request, tried, deadlineAt);
    const explainNobody = () => this.explainNobody(request.ref);
    const onEnd = (made: MadeCall, isLocal: boolean) => {
      const { trace } = request.head;
      if (isLocal) this.#onMadeLocally(trace, made);
      else this.onMade(trace, made);
    };
    return new StreamCall({ pool, onEnd, openLocally, findTarget, explainNobody }, request);
  }

  close(): void {
    this.#stopListening();
    this.#wheel.close();
    this.#hedges.close();
    this.#options.targets.close();
  }

  /** The view has changed, or contracts have become known: who offers what may be different now. */
  onChange(): void {
    for (const pool of this.#pools.values()) pool.invalidate();
    for (const wake of [...this.#waiters]) wake();
  }

  /** Of the services that are called from here. */
  *pools() {
    for (const pool of this.#pools.values()) yield pool.reading();
  }

  /** @internal A call to another node is over, with all its attempts. */
  onMade(trace: TraceContext | undefined, made: MadeCall): void {
    this.#options.metrics.onMade(made.ref, made.code, made.endedAt - made.startedAt);
    if (trace) this.#endSpan(trace, made);
  }

  /** @internal How late this process is itself, in ms. */
  get loopDelayMs(): number {
    return this.#options.loopDelayMs();
  }

  /** @internal An attempt beyond the first was made. */
  onRetry(service: string): void {
    this.#options.metrics.onRetry(service);
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

  /** @internal Calls `run` after `delayMs`, or a little later; gives back how to stop it. */
  later(delayMs: number, run: () => void): () => void {
    const entry = this.#hedges.add(now() + delayMs, run);
    return () => this.#hedges.remove(entry);
  }

  /** @internal Most calls are refused. */
  explainThrottle({ service, operation }: OperationRef): CallFailure {
    return {
      code: "RESOURCE_EXHAUSTED",
      message: `${service}.${operation}: not sent, as "${service}" refuses most calls now; give it more instances, or ask less`,
      isStarted: false,
      sent: "no",
    };
  }

  /** @internal The time was over before anybody could be asked. */
  explainExpiry({ service, operation }: OperationRef, deadlineMs: number): CallFailure {
    const message = `${service}.${operation}: no answer within ${Math.round(deadlineMs)} ms`;
    return { code: "DEADLINE_EXCEEDED", message, isStarted: false, sent: "no" };
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

  /** A call's head as a part of its caller's trace, or as the beginning of one. */
  #headInSpan({ ref, head }: CallRequest): RequestHead {
    if (!head.trace && isUntraced(ref.service)) return head;
    const trace = this.#options.traces.start(head.trace, { kind: "client", name: ref });
    return { ...head, trace };
  }

  #onMadeLocally(trace: TraceContext | undefined, made: MadeCall): void {
    if (trace) this.#endSpan(trace, { ...made, peer: this.#options.registry.self.slot });
  }

  #endSpan(trace: TraceContext, { ref, code, startedAt, endedAt, peer, attempts }: MadeCall): void {
    this.#options.traces.end({
      trace,
      kind: "client",
      name: ref,
      startedAt,
      durationMs: endedAt - startedAt,
      error: code,
      peer,
      attributes: attempts === undefined || attempts < 2 ? undefined : { attempts },
    });
  }

  /** Whether this node offers the operation too, but the key's data is another's. */
  #isOwnedElsewhere({ ref, head, isPartitioned }: CallRequest): boolean {
    const { self } = this.#options.registry;
    if (!isPartitioned || !self.services.some(({ name }) => name === ref.service)) return false;
    const pool = this.#pool(ref.service);
    const owner = pool.pick({ ref, key: head.routingKey, isPartitioned, tried: undefined });
    return owner !== undefined && owner.nodeId !== self.id;
  }

  async #findTarget(
    pool: ServicePool,
    { ref, head, isPartitioned = false, versions }: CallRequest,
    tried: ReadonlySet<string>,
    deadlineAt: number,
  ): Promise<Target | undefined> {
    const waitUntil = Math.min(deadlineAt, now() + unknownServiceWaitMs);
    for (;;) {
      const target = pool.pick({ ref, key: head.routingKey, isPartitioned, versions, tried });
      const waitMs = waitUntil - now();
      if (target || waitMs <= 0 || tried.size > 0) return target;
      const isWaiting = await new Promise<boolean>((resolve) => {
        if (!this.waitForChange(Math.min(waitMs, lookAgainMs), () => resolve(true))) resolve(false);
      });
      if (!isWaiting) return undefined;
    }
  }

  #pool(service: string): ServicePool {
    let pool = this.#pools.get(service);
    if (!pool) {
      const { registry, targets, offers } = this.#options;
      const calls = callOptionsFor(this.#options.calls, service);
      pool = new ServicePool({ service, registry, targets, offers, calls });
      this.#pools.set(service, pool);
    }
    return pool;
  }
}
