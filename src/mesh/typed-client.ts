import {
  type AnyContract,
  type CallOptions,
  type OperationRuntime,
  operationsOf,
} from "../contract/index.ts";
import type { TraceContext } from "../telemetry/index.ts";
import {
  type CallFailure,
  type OperationRef,
  type PendingCall,
  type RequestHead,
  StreamFailure,
} from "../wire/index.ts";
import type { CallRequest } from "./client-stack.ts";
import { isHedgeable } from "./core/idempotence.ts";
import { Invocation, toError } from "./invocation.ts";
import type { MessageStream } from "./stream-call.ts";

/** What can be given up: a call or a stream. */
export interface Cancellable {
  cancel(): void;
}

/** A call that makes further calls. */
export interface CallParent {
  /** What travels on: principal, baggage, priority. */
  readonly head: RequestHead;
  readonly trace: TraceContext;
  remainingMs(): number;
  /** The child is given up when the parent is. */
  adopt(call: Cancellable): void;
  release(call: Cancellable): void;
}

/** What clients are made with. */
export interface ClientFactoryOptions {
  call(request: CallRequest): PendingCall;
  openStream(request: CallRequest): MessageStream;
  deadlineMsFor(service: string): number;
  hashOf(contract: AnyContract): string;
}

type Invoke = (input: unknown, options: CallOptions, parent: CallParent | undefined) => object;

const noOptions: CallOptions = {};

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
      client[name] = (input: unknown, options: CallOptions = noOptions) =>
        invoke(input, options, parent);
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
        if (runtime.description.kind === "stream") {
          invokers.set(name, (input, options, parent) =>
            this.#readStream({ runtime, ref, parent }, input, options),
          );
          continue;
        }
        invokers.set(name, (input, options, parent) => {
          const call: Partial<TypedCall> & Promise<unknown> = new Promise((resolve, reject) => {
            const invocation = new Invocation(runtime, parent, resolve, reject);
            this.#invoke(invocation, ref, { input, options });
          });
          call.result = result;
          return call;
        });
      }
      this.#invokers.set(contract, invokers);
    }
    return invokers;
  }

  /** Throws what is wrong with the input. */
  #invoke(
    invocation: Invocation,
    ref: OperationRef,
    { input, options }: { readonly input: unknown; readonly options: CallOptions },
  ): void {
    const { signal } = options;
    if (signal?.aborted) return invocation.fail(abortedBefore);
    const request = this.#request(invocation, ref, { input, options });
    invocation.follow(this.#options.call(request), signal);
  }

  async *#readStream(
    { runtime, ref, parent }: Called & { readonly ref: OperationRef },
    input: unknown,
    options: CallOptions,
  ): AsyncGenerator<unknown> {
    const { signal } = options;
    if (signal?.aborted) throw toError(abortedBefore, runtime);
    const request = this.#request({ runtime, parent }, ref, { input, options });
    const messages = this.#options.openStream(request);
    parent?.adopt(messages);
    const onAbort = () => messages.cancel();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      for await (const message of messages) yield runtime.parseOutput(message);
    } catch (thrown) {
      throw thrown instanceof StreamFailure ? toError(thrown.failure, runtime) : thrown;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      parent?.release(messages);
    }
  }

  #request(
    { runtime, parent }: Called,
    ref: OperationRef,
    { input, options }: { readonly input: unknown; readonly options: CallOptions },
  ): CallRequest {
    const { isIdempotent, deadlineMs, hasInputStream } = runtime.description;
    const body = hasInputStream ? "" : runtime.serializeInput(input);
    const ownMs = options.deadlineMs ?? deadlineMs ?? this.#options.deadlineMsFor(ref.service);
    const head = childHead(options, parent, {
      deadlineMs: parent ? Math.min(ownMs, parent.remainingMs()) : ownMs,
      routingKey: options.key ?? runtime.partitionBy?.(input).toString(),
    });
    const request: CallRequest = {
      ref,
      head,
      body,
      isIdempotent,
      isHedgeable: isHedgeable(runtime.description),
      isPartitioned: options.key === undefined && runtime.partitionBy !== undefined,
    };
    if (!hasInputStream) return request;
    return { ...request, input: texts(runtime, input as AsyncIterable<unknown>) };
  }
}

const abortedBefore: CallFailure = {
  code: "CANCELLED",
  message: "aborted before it began",
  isStarted: false,
  sent: "no",
};

/** Who is called, and for whom. */
interface Called {
  readonly runtime: OperationRuntime;
  readonly parent: CallParent | undefined;
}

async function* texts(
  runtime: OperationRuntime,
  items: AsyncIterable<unknown>,
): AsyncGenerator<string> {
  for await (const item of items) yield runtime.serializeInput(item);
}

/** What travels with a call that is made for another one; without one it begins a trace. */
export function childHead(
  options: CallOptions,
  parent: CallParent | undefined,
  { deadlineMs, routingKey }: Pick<RequestHead, "deadlineMs" | "routingKey">,
): RequestHead {
  const { idempotencyKey, priority } = options;
  if (!parent) return { deadlineMs, idempotencyKey, priority, routingKey };
  const { principal, baggage, retriesLeft, priority: inherited } = parent.head;
  return {
    deadlineMs,
    trace: parent.trace,
    idempotencyKey,
    priority: priority ?? inherited,
    routingKey,
    principal,
    baggage,
    retriesLeft,
  };
}

interface TypedCall extends Promise<unknown> {
  result(): Promise<unknown>;
}

/** `.result()` of every call: how it ended, as a value. */
function result(this: Promise<unknown>): Promise<unknown> {
  return this.then(
    (value) => ({ ok: true, value }),
    (error) => ({ ok: false, error }),
  );
}
