import {
  type AnyContract,
  type ClientOf,
  ContractError,
  check,
  type EventDefinition,
  type EventRuntime,
  eventOf,
  type HookedCall,
  type Key,
  type Principal,
  type PublishOptions,
} from "../contract/index.ts";
import { DureError, now } from "../kit/index.ts";
import type { Logger, SpanStart, TraceContext, Traces } from "../telemetry/index.ts";
import type { RequestHead } from "../wire/index.ts";
import type { ProofJudgement } from "./principal-proofs.ts";
import type { StackRequest } from "./server-stack.ts";
import type { CallParent, Cancellable } from "./typed-client.ts";

/** What contexts get from their node. */
export interface ContextSource {
  readonly logger: Logger;
  readonly traces: Traces;
  clientFor(contract: AnyContract, parent: CallParent): unknown;
  fetchFor(request: Request, parent: CallParent): Promise<Response>;
  publish(event: EventRuntime, data: unknown, options: PublishedFor): Promise<void>;
  /** Whether the principal of an event is believed, however old it is. */
  judgeOld(principal: string): ProofJudgement;
}

/** How an event is published, and by which call, if any. */
export interface PublishedFor extends PublishOptions {
  readonly parent?: CallParent;
}

/** What is being done. */
export interface ContextSubject {
  readonly service: string;
  readonly name: string;
  readonly isStream: boolean;
  /** The span that it is. */
  readonly span: SpanStart;
}

/** What a context needs of the request that it belongs to. */
export type ContextRequest = Pick<
  StackRequest,
  "head" | "queuedMs" | "receivedAt" | "isCancelled" | "onCancel"
>;

/**
 * What a handler sees of its call. Signal, principal, logger and keys are made when they are first asked for: most handlers need
 * few of them. Calls made through it end with it.
 */
export class HandlerContext implements HookedCall, CallParent {
  readonly #source: ContextSource;
  readonly #subject: ContextSubject;
  readonly #request: ContextRequest;
  input: unknown;
  #controller: AbortController | undefined;
  #principal: Principal | undefined | null = null;
  #baggage: Record<string, unknown> | undefined;
  #trace: TraceContext | undefined;
  #log: Logger | undefined;
  #children: Set<Cancellable> | undefined;
  #isEnded = false;

  constructor(source: ContextSource, subject: ContextSubject, request: ContextRequest) {
    this.#source = source;
    this.#subject = subject;
    this.#request = request;
  }

  get operation(): { service: string; name: string } {
    return { service: this.#subject.service, name: this.#subject.name };
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      const reason = () => new DureError("CANCELLED", "the caller gave up");
      if (this.#isEnded) controller.abort(reason());
      else this.#request.onCancel(() => controller.abort(reason()));
    }
    return this.#controller.signal;
  }

  get principal(): Principal | undefined {
    if (this.#principal === null) {
      const { principal } = this.#request.head;
      this.#principal = principal === undefined ? undefined : (JSON.parse(principal) as Principal);
    }
    return this.#principal;
  }

  /** What its span is. */
  get span(): SpanStart {
    return this.#subject.span;
  }

  /** The call's own span, a part of its caller's. */
  get trace(): TraceContext {
    this.#trace ??= this.#source.traces.start(this.#request.head.trace, this.#subject.span);
    return this.#trace;
  }

  get traceparent(): string {
    return this.trace.toString();
  }

  get tracestate(): string | undefined {
    return this.trace.state;
  }

  get idempotencyKey(): string | undefined {
    return this.#request.head.idempotencyKey;
  }

  get attempt(): number {
    return this.#request.head.attempt ?? 0;
  }

  get log(): Logger {
    const { service, name } = this.#subject;
    const { traceId, spanId } = this.trace;
    this.#log ??= this.#source.logger.child({
      service,
      operation: `${service}.${name}`,
      traceId,
      spanId,
    });
    return this.#log;
  }

  get baggage(): Readonly<Record<string, unknown>> | undefined {
    if (this.#baggage) return this.#baggage;
    const { baggage } = this.#request.head;
    return baggage === undefined ? undefined : JSON.parse(baggage);
  }

  get head(): RequestHead {
    const { head } = this.#request;
    return this.#baggage ? { ...head, baggage: JSON.stringify(this.#baggage) } : head;
  }

  remainingMs(): number {
    // A stream may go on for ever; what its handler does for one item has the time of one item.
    if (this.#subject.isStream) return this.#request.head.deadlineMs;
    const { head, queuedMs, receivedAt } = this.#request;
    return Math.max(0, head.deadlineMs - queuedMs - (now() - receivedAt));
  }

  client<C extends AnyContract>(contract: C): ClientOf<C> {
    return this.#source.clientFor(contract, this) as ClientOf<C>;
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return this.#source.fetchFor(new Request(input, init), this);
  }

  async publish<Data>(
    event: EventDefinition<Data>,
    data: Data,
    options: PublishOptions = {},
  ): Promise<void> {
    await this.#source.publish(eventOf(event), data, { ...options, parent: this });
  }

  get<Value>(key: Key<Value>): Value | undefined {
    return this.baggage?.[key.name] as Value | undefined;
  }

  with<Value>(key: Key<Value>, value: Value): HookedCall {
    const checked = check(key.schema, value);
    if (!(checked instanceof Promise) && "issues" in checked) {
      throw new DureError("INVALID_ARGUMENT", `key ${key.name}: ${checked.issues[0]?.message}`);
    }
    this.#baggage = { ...this.baggage, [key.name]: value };
    return this;
  }

  /** Handlers destructure: `({ id }, { fail }) => ...` must work. Made when it is asked for, as most calls go well. */
  get fail(): (code: string, data?: unknown) => never {
    const { service, name } = this.#subject;
    return (code, data) => {
      throw new ContractError(`${service}.${name}`, code, data);
    };
  }

  adopt(call: Cancellable): void {
    if (this.#isEnded || this.#request.isCancelled) return call.cancel();
    if (!this.#children) {
      const children = new Set<Cancellable>();
      this.#children = children;
      this.#request.onCancel(() => {
        for (const child of children) child.cancel();
      });
    }
    this.#children.add(call);
  }

  release(call: Cancellable): void {
    this.#children?.delete(call);
  }

  /** The handler is done: what it did not wait for is given up. */
  end(): void {
    this.#isEnded = true;
    if (this.#children) for (const child of this.#children) child.cancel();
  }
}
