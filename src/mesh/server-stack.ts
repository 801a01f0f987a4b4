/**
 * The callee's side of a call, in the order in which a request meets the layers:
 *
 *   0. admission       after a pause all that lies in the sockets is read first; what an overloaded node cannot serve in time is
 *                      refused as not started, the less important first
 *   1. operation       known here? otherwise refused as not started, so that another instance may take it
 *   2. deadline        what has expired on the way is not begun
 *   3. caller, scopes  checked where the operation is handled, not only at the gateway
 *   4. input           parsed and validated before a handler sees it
 *   5. hooks, handler  with a context that inherits deadline, principal, trace, keys and cancellation
 *   6. output          written by the serialiser compiled from its schema
 *   7. errors          mapped in one place to what may cross the wire
 */
import type { HookedCall, OperationRuntime } from "../contract/index.ts";
import { afterInBackground, asError, LoopMonitor, now } from "../kit/index.ts";
import type {
  Body,
  OperationRef,
  OutgoingStream,
  RequestHead,
  ResponseExtra,
  WireFailure,
} from "../wire/index.ts";
import { Admission } from "./admission.ts";
import type { BuiltIn } from "./ask-node.ts";
import { refusalOfCaller } from "./caller-check.ts";
import { isUntraced } from "./core/platform-services.ts";
import type { ContextSource, ContextSubject, HandlerContext } from "./handler-context.ts";
import type { NodeMetrics } from "./node-metrics.ts";
import type { PrincipalProofs } from "./principal-proofs.ts";
import { RequestRun, type RunSurroundings } from "./request-run.ts";
import type { HostedService } from "./service-host.ts";

/** A request from the wire or from this process. */
export interface StackRequest {
  /** Who calls; absent within the process. */
  readonly peer?: { readonly name: string; readonly names: readonly string[] | undefined };
  readonly ref: OperationRef;
  readonly head: RequestHead;
  readonly body: Uint8Array | string;
  /** The messages of its input, where that is a stream. */
  readonly input: AsyncIterable<Body> | undefined;
  readonly receivedAt: number;
  /** How long it waited on its way before that, in ms. */
  readonly queuedMs: number;
  readonly isCancelled: boolean;
  onCancel(listener: () => void): void;
  respond(body: Body, extra?: ResponseExtra): void;
  /** Answers with a stream of messages. */
  stream(): OutgoingStream;
  fail(failure: WireFailure): void;
}

/** What the stack works with. */
export interface ServerStackOptions {
  readonly contexts: ContextSource;
  readonly metrics: NodeMetrics;
  /** The name of this node. */
  readonly name: string;
  readonly proofs: PrincipalProofs;
  /** The names of this node and of what it hosts: they call each other within the process. */
  readonly ownNames: () => readonly string[];
  /** Operations of the platform itself, by service and operation; they get params and return JSON text. */
  readonly internal: ReadonlyMap<string, BuiltIn>;
}

/** An operation with its handler. */
export interface HostedOperation {
  readonly service: HostedService;
  readonly runtime: OperationRuntime;
  readonly subject: ContextSubject;
  readonly handler: (input: unknown, ctx: HookedCall) => unknown;
}

export class ServerStack {
  readonly #options: ServerStackOptions;
  readonly #operations = new Map<string, HostedOperation>();
  /** Links and clients keep one object per operation, so most are looked up by identity; null: not offered here. */
  #byRef = new WeakMap<OperationRef, HostedOperation | null>();
  readonly #runs: RunSurroundings;
  readonly #admission = new Admission();
  readonly #loop = new LoopMonitor();
  /** What came in after a pause of the event loop, until the sockets are read dry. */
  #held: StackRequest[] = [];
  #runningCount = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ServerStackOptions) {
    this.#options = options;
    this.#runs = {
      contexts: options.contexts,
      load: () => ({ load: this.#runningCount, loopDelayMs: Math.floor(this.#loop.delayMs) }),
      onEnd: (request, context, code) => this.#ended(request, context, code),
    };
  }

  /** How late the event loop runs, in ms. */
  get loopDelayMs(): number {
    return this.#loop.delayMs;
  }

  /** Requests at work. */
  get runningCount(): number {
    return this.#runningCount;
  }

  /** Requests that may be at work at once. */
  get limit(): number {
    return this.#admission.limit;
  }

  /** Takes a service's operations in. */
  add(service: HostedService): void {
    this.#byRef = new WeakMap();
    for (const [name, runtime] of service.operations) {
      const handler = service.handlers[name];
      if (!handler) continue;
      const { service: owner, isStream } = runtime;
      const span = {
        kind: "server",
        name: { service: owner, operation: name },
        service: owner,
      } as const;
      const subject = { service: owner, name, isStream, span };
      this.#operations.set(`${owner}.${name}`, { service, runtime, subject, handler });
    }
  }

  /** Requests come from now on. */
  open(): void {
    this.#loop.start();
  }

  close(): void {
    this.#loop.stop();
  }

  offers(ref: OperationRef): boolean {
    return this.#find(ref) !== undefined;
  }

  /** Resolves when no request is at work. */
  idle(): Promise<void> {
    if (this.#runningCount === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Takes a request from a link in, and answers it. */
  receive(request: StackRequest): void {
    if (this.#loop.isAfterGap) return this.#hold(request);
    const time = now();
    const refusal = this.#admission.refusalOf(request, time, this.#runningCount);
    if (refusal && this.offers(request.ref)) this.#refuse(request, refusal);
    else this.handle(request, time);
  }

  /** Answers a request that is admitted. */
  handle(request: StackRequest, time = now()): void {
    const { ref } = request;
    const hosted = this.#find(ref);
    if (!hosted) return this.#handleInternal(request);
    const { deadlineMs } = request.head;
    const remainingMs = deadlineMs - request.queuedMs - (time - request.receivedAt);
    if (remainingMs <= 0 || request.isCancelled) {
      return this.#refuse(request, {
        code: "DEADLINE_EXCEEDED",
        message: `${ref.service}.${ref.operation}: the time was over on arrival`,
        isStarted: false,
      });
    }
    const refusal = refusalOfCaller(hosted.runtime.description, request, this.#options.ownNames);
    if (refusal) return this.#refuse(request, refusal);
    if (request.peer && request.head.principal !== undefined) {
      const judgement = this.#options.proofs.judge(request.head.principal);
      if (judgement === "unknown") return this.#waitForProof(request);
      if (judgement) return this.#refuse(request, judgement);
    }
    this.#runningCount += 1;
    new RequestRun(this.#runs, hosted, request).begin();
  }

  /** Who vouches for the principal is not known here yet: a gateway that has just started. */
  #waitForProof(request: StackRequest): void {
    const judge = () => {
      if (this.#options.proofs.judge(request.head.principal ?? "") !== "unknown")
        return this.handle(request);
      const message =
        "the principal of the call was signed by a certificate that is not known here";
      this.#refuse(request, { code: "UNAUTHENTICATED", message, isStarted: false });
    };
    if (!this.#options.proofs.whenMoreIsKnown(judge)) judge();
  }

  #find(ref: OperationRef): HostedOperation | undefined {
    let hosted = this.#byRef.get(ref);
    if (hosted === undefined) {
      hosted = this.#operations.get(`${ref.service}.${ref.operation}`) ?? null;
      this.#byRef.set(ref, hosted);
    }
    return hosted ?? undefined;
  }

  #handleInternal(request: StackRequest): void {
    const { service, operation } = request.ref;
    const answer = this.#options.internal.get(`${service}.${operation}`);
    if (!answer) {
      return request.fail({
        code: "UNIMPLEMENTED",
        message: `this node does not offer ${service}.${operation}`,
        isStarted: false,
      });
    }
    try {
      request.respond(answer(JSON.parse(request.head.params ?? "{}")));
    } catch (thrown) {
      request.fail({ code: "NOT_FOUND", message: asError(thrown).message, isStarted: true });
    }
  }

  #refuse(request: StackRequest, refusal: WireFailure): void {
    this.#options.metrics.onRefused(request.ref, refusal.code);
    request.fail(refusal);
  }

  #hold(request: StackRequest): void {
    this.#held.push(request);
    if (this.#held.length > 1) return;
    afterInBackground(0, () => {
      const held = this.#held;
      this.#held = [];
      // Given up while it lay there: nobody waits for it.
      for (const each of held) if (!each.isCancelled) this.receive(each);
    });
  }

  #ended(
    { ref, head, peer, receivedAt }: StackRequest,
    context: HandlerContext,
    code: string | undefined,
  ): void {
    const time = now();
    const { metrics, name, contexts } = this.#options;
    const durationMs = time - receivedAt;
    const caller = peer?.name ?? name;
    metrics.onHandled(ref, caller, code, durationMs);
    if (head.trace || !isUntraced(ref.service)) {
      const { trace, span } = context;
      contexts.traces.end({
        trace,
        kind: span.kind,
        name: span.name,
        startedAt: receivedAt,
        durationMs,
        error: code,
        peer: caller,
      });
    }
    const ended = { latencyMs: durationMs, deadlineMs: head.deadlineMs };
    this.#admission.onEnd(time, ended, this.#runningCount);
    this.#runningCount -= 1;
    if (this.#runningCount === 0) this.#onIdle?.();
  }
}
