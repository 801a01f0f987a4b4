import {
  type AnyContract,
  type CallOptions,
  ContractError,
  type OperationRuntime,
  operationsOf,
} from "../contract/index.ts";
import { DureError, random } from "../kit/index.ts";
import { childOf, formatTraceparent, newTrace, parseTraceparent } from "../telemetry/index.ts";
import type { CallFailure, OperationRef, PendingCall, RequestHead } from "../wire/index.ts";
import type { CallRequest } from "./client-stack.ts";

/** A call that makes further calls. */
export interface CallParent {
  /** What travels on: principal, baggage, priority, trace. */
  readonly head: RequestHead;
  readonly traceparent: string;
  remainingMs(): number;
  /** The child is given up when the parent is. */
  adopt(call: PendingCall): void;
  release(call: PendingCall): void;
}

/** What clients are made with. */
export interface ClientFactoryOptions {
  call(request: CallRequest): PendingCall;
  deadlineMsFor(service: string): number;
  hashOf(contract: AnyContract): string;
}

type Invoke = (
  input: unknown,
  options: CallOptions,
  parent: CallParent | undefined,
) => Promise<unknown>;

/** Makes typed clients. What does not depend on the parent is made once per contract. */
export class ClientFactory {
  readonly #options: ClientFactoryOptions;
  readonly #invokers = new WeakMap<AnyContract, Map<string, Invoke>>();

  constructor(options: ClientFactoryOptions) {
    this.#options = options;
  }

  /** A client whose calls belong to `parent`, or are roots without one. */
  client(contract: AnyContract, parent?: CallParent): object {
    const client: Record<string, unknown> = {};
    for (const [name, invoke] of this.#invokersOf(contract)) {
      client[name] = (input: unknown, options: CallOptions = {}) =>
        withResult(invoke(input, options, parent));
    }
    return client;
  }

  #invokersOf(contract: AnyContract): Map<string, Invoke> {
    let invokers = this.#invokers.get(contract);
    if (!invokers) {
      invokers = new Map();
      const contractHash = this.#options.hashOf(contract);
      for (const [name, runtime] of operationsOf(contract)) {
        if (runtime.description.kind === "raw") continue;
        const ref = { service: runtime.service, operation: name, contractHash };
        invokers.set(name, (input, options, parent) =>
          this.#invoke(runtime, ref, { input, options, parent }),
        );
      }
      this.#invokers.set(contract, invokers);
    }
    return invokers;
  }

  async #invoke(
    runtime: OperationRuntime,
    ref: OperationRef,
    {
      input,
      options,
      parent,
    }: { input: unknown; options: CallOptions; parent: CallParent | undefined },
  ): Promise<unknown> {
    const body = runtime.serializeInput(input);
    const { signal } = options;
    if (signal?.aborted)
      throw toError(
        { code: "CANCELLED", message: "aborted before it began", isStarted: false, sent: "no" },
        runtime,
      );
    const ownMs =
      options.deadlineMs ??
      runtime.description.deadlineMs ??
      this.#options.deadlineMsFor(ref.service);
    const call = this.#options.call({
      ref,
      body,
      isIdempotent: runtime.description.isIdempotent,
      head: headFor(options, parent, parent ? Math.min(ownMs, parent.remainingMs()) : ownMs),
    });
    parent?.adopt(call);
    const onAbort = () => call.cancel();
    signal?.addEventListener("abort", onAbort, { once: true });
    const outcome = await call.outcome;
    signal?.removeEventListener("abort", onAbort);
    parent?.release(call);
    if (!outcome.ok) throw toError(outcome.failure, runtime);
    return runtime.parseOutput(outcome.response.body);
  }
}

function headFor(
  options: CallOptions,
  parent: CallParent | undefined,
  deadlineMs: number,
): RequestHead {
  const { idempotencyKey, key: routingKey } = options;
  if (!parent) {
    return {
      deadlineMs,
      traceparent: formatTraceparent(newTrace(random)),
      idempotencyKey,
      priority: options.priority,
      routingKey,
    };
  }
  const { principal, baggage, priority } = parent.head;
  const trace = parseTraceparent(parent.traceparent);
  const traceparent = trace ? formatTraceparent(childOf(trace, random)) : parent.traceparent;
  return {
    deadlineMs,
    traceparent,
    principal,
    baggage,
    idempotencyKey,
    priority: options.priority ?? priority,
    routingKey,
  };
}

/** The error a caller catches. */
function toError(failure: CallFailure, runtime: OperationRuntime): DureError {
  const name = `${runtime.service}.${runtime.name}`;
  const data = failure.data === undefined ? undefined : JSON.parse(failure.data);
  if (failure.isDeclared) return new ContractError(name, failure.code, data);
  const message = failure.message.startsWith(name)
    ? failure.message
    : `${name}: ${failure.message}`;
  return new DureError(failure.code, message, { sent: failure.sent, details: data });
}

function withResult(promise: Promise<unknown>): Promise<unknown> {
  return Object.assign(promise, {
    result: () =>
      promise.then(
        (value) => ({ ok: true, value }),
        (error) => ({ ok: false, error }),
      ),
  });
}
