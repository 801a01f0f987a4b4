import {
  type AnyContract,
  type CallOptions,
  type ClientOf,
  type OperationRuntime,
  operationsOf,
} from "../contract/index.ts";
import { after, DureError, type Timer } from "../kit/index.ts";
import { failureOf, refusalOf } from "./failures.ts";
import { linesOf } from "./lines.ts";
import { requestOf } from "./request.ts";

/** What {@link httpClient} takes. */
export interface HttpClientOptions {
  /** Where the gateway is: `https://shop.example`, or `/` for the page's own origin. */
  readonly baseUrl: string;
  /** The bearer token of each call, if any: asked for each time, so that it may change. */
  readonly token?: (() => string | undefined | Promise<string | undefined>) | undefined;
  /** In place of the global one. */
  readonly fetch?: typeof fetch | undefined;
  /** Time for a call, in ms, where neither it nor the operation says; for a stream, the time to its first item. Default 10 s. */
  readonly deadlineMs?: number | undefined;
}

const deadlineMsDefault = 10_000;

/**
 * A typed client of a contract over HTTP. Calls reject as on the mesh: with the contract's own errors, or with one of the platform's
 * codes; `UNAVAILABLE` where the gateway cannot be reached. Operations without an HTTP binding reject with UNIMPLEMENTED. Nothing is
 * retried: the gateway does what can be done safely. `priority` and `key` of a call are for the mesh and do not travel.
 */
export function httpClient<C extends AnyContract>(
  contract: C,
  options: HttpClientOptions,
): ClientOf<C> {
  const client: Record<string, unknown> = {};
  for (const [name, runtime] of operationsOf(contract)) {
    const { kind } = runtime.description;
    if (kind === "raw") continue;
    client[name] =
      kind === "stream"
        ? (input: unknown, call: CallOptions = {}) => readStream(runtime, options, { input, call })
        : (input: unknown, call: CallOptions = {}) =>
            Object.assign(answer(runtime, options, { input, call }), { result });
  }
  return client as ClientOf<C>;
}

interface Called {
  readonly input: unknown;
  readonly call: CallOptions;
}

async function answer(
  runtime: OperationRuntime,
  options: HttpClientOptions,
  called: Called,
): Promise<unknown> {
  const time = new CallTime(runtime, options, called.call);
  try {
    const response = await send(runtime, options, { ...called, signal: time.signal });
    return runtime.parseOutput(await response.text());
  } catch (thrown) {
    throw failureOf(thrown, runtime, time.signal);
  } finally {
    time.end();
  }
}

async function* readStream(
  runtime: OperationRuntime,
  options: HttpClientOptions,
  called: Called,
): AsyncGenerator<unknown> {
  const time = new CallTime(runtime, options, called.call);
  try {
    const response = await send(runtime, options, { ...called, signal: time.signal });
    time.stopWaiting();
    for await (const line of linesOf(response)) yield runtime.parseOutput(line);
  } catch (thrown) {
    throw failureOf(thrown, runtime, time.signal);
  } finally {
    time.end();
  }
}

async function send(
  runtime: OperationRuntime,
  { baseUrl, token, fetch: ownFetch }: HttpClientOptions,
  { input, call, signal }: Called & { readonly signal: AbortSignal },
): Promise<Response> {
  const { path, init } = requestOf(runtime, input, call);
  const bearer = await token?.();
  if (bearer !== undefined) init.headers.set("authorization", `Bearer ${bearer}`);
  const url = baseUrl.replace(/\/$/, "") + path;
  const send = ownFetch ?? fetch;
  const response = await send(url, { ...init, signal });
  if (!response.ok) throw await refusalOf(response, runtime);
  return response;
}

/** Ends a call when its time is over, or when its caller gives up. */
class CallTime {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #timer: Timer;

  constructor(
    { description, service, name }: OperationRuntime,
    { deadlineMs: ownMs = deadlineMsDefault }: HttpClientOptions,
    { deadlineMs = description.deadlineMs ?? ownMs, signal }: CallOptions,
  ) {
    this.#caller = signal;
    const title = `${service}.${name}`;
    this.#onAbort = () =>
      this.#controller.abort(new DureError("CANCELLED", `${title}: the caller gave up`));
    const message = `${title} was not answered within ${deadlineMs} ms`;
    const over = new DureError("DEADLINE_EXCEEDED", message, { sent: "unknown" });
    this.#timer = after(deadlineMs, () => this.#controller.abort(over));
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A stream may go on for as long as it likes. */
  stopWaiting(): void {
    this.#timer.cancel();
  }

  /** Lets go of what is left of an answer. */
  end(): void {
    this.#timer.cancel();
    this.#caller?.removeEventListener("abort", this.#onAbort);
    this.#controller.abort();
  }
}

/** `.result()` of every call: how it ended, as a value. */
function result(this: Promise<unknown>): Promise<unknown> {
  return this.then(
    (value) => ({ ok: true, value }),
    (error) => ({ ok: false, error }),
  );
}
