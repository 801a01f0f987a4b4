import {
  type AnyContract,
  type ClientOf,
  ContractError,
  check,
  type HookedCall,
  type Key,
  type OperationRuntime,
  type Principal,
} from "../contract/index.ts";
import { DureError, now, random } from "../kit/index.ts";
import { formatTraceparent, type Logger, newTrace } from "../telemetry/index.ts";
import type { PendingCall, RequestHead } from "../wire/index.ts";
import type { StackRequest } from "./server-stack.ts";
import type { CallParent } from "./typed-client.ts";

/** What contexts get from their node. */
export interface ContextSource {
  readonly logger: Logger;
  clientFor(contract: AnyContract, parent: CallParent): unknown;
}

/**
 * What a handler sees of its call. Signal, principal, logger and keys are made when they are first asked for: most handlers need
 * few of them. Calls made through it end with it.
 */
export class HandlerContext implements HookedCall, CallParent {
  readonly #source: ContextSource;
  readonly #runtime: OperationRuntime;
  readonly #request: StackRequest;
  input: unknown;
  #controller: AbortController | undefined;
  #principal: Principal | undefined | null = null;
  #baggage: Record<string, unknown> | undefined;
  #traceparent: string | undefined;
  #log: Logger | undefined;
  #children: Set<PendingCall> | undefined;
  #isEnded = false;

  constructor(source: ContextSource, runtime: OperationRuntime, request: StackRequest) {
    this.#source = source;
    this.#runtime = runtime;
    this.#request = request;
    // Handlers destructure: `({ id }, { fail }) => ...` must work.
    this.fail = this.fail.bind(this);
  }

  get operation(): { service: string; name: string } {
    return { service: this.#runtime.service, name: this.#runtime.name };
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

  get traceparent(): string {
    this.#traceparent ??= this.#request.head.traceparent ?? formatTraceparent(newTrace(random));
    return this.#traceparent;
  }

  get idempotencyKey(): string | undefined {
    return this.#request.head.idempotencyKey;
  }

  get attempt(): number {
    return this.#request.head.attempt ?? 0;
  }

  get log(): Logger {
    const { service, name } = this.#runtime;
    this.#log ??= this.#source.logger.child({
      operation: `${service}.${name}`,
      traceId: this.traceparent.slice(3, 35),
    });
    return this.#log;
  }

  get head(): RequestHead {
    const { head } = this.#request;
    return this.#baggage ? { ...head, baggage: JSON.stringify(this.#baggage) } : head;
  }

  remainingMs(): number {
    return Math.max(0, this.#request.head.deadlineMs - (now() - this.#request.receivedAt));
  }

  client<C extends AnyContract>(contract: C): ClientOf<C> {
    return this.#source.clientFor(contract, this) as ClientOf<C>;
  }

  get<Value>(key: Key<Value>): Value | undefined {
    return this.#readBaggage()[key.name] as Value | undefined;
  }

  with<Value>(key: Key<Value>, value: Value): HookedCall {
    const checked = check(key.schema, value);
    if (!(checked instanceof Promise) && "issues" in checked) {
      throw new DureError("INVALID_ARGUMENT", `key ${key.name}: ${checked.issues[0]?.message}`);
    }
    this.#baggage = { ...this.#readBaggage(), [key.name]: value };
    return this;
  }

  fail(code: string, data?: unknown): never {
    throw new ContractError(`${this.#runtime.service}.${this.#runtime.name}`, code, data);
  }

  adopt(call: PendingCall): void {
    if (this.#isEnded || this.#request.isCancelled) return call.cancel();
    if (!this.#children) {
      const children = new Set<PendingCall>();
      this.#children = children;
      this.#request.onCancel(() => {
        for (const child of children) child.cancel();
      });
    }
    this.#children.add(call);
  }

  release(call: PendingCall): void {
    this.#children?.delete(call);
  }

  /** The handler is done: what it did not wait for is given up. */
  end(): void {
    this.#isEnded = true;
    if (this.#children) for (const child of this.#children) child.cancel();
  }

  #readBaggage(): Record<string, unknown> {
    if (this.#baggage) return this.#baggage;
    const { baggage } = this.#request.head;
    return baggage === undefined ? {} : JSON.parse(baggage);
  }
}
