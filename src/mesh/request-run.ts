import type { HookedCall, OperationRuntime, Principal } from "../contract/index.ts";
import { asError, DureError } from "../kit/index.ts";
import type { OutgoingStream, ResponseExtra } from "../wire/index.ts";
import { failureOf } from "./failure-of.ts";
import { type ContextSource, HandlerContext } from "./handler-context.ts";
import { runRaw } from "./raw-operation.ts";
import type { HostedOperation, StackRequest } from "./server-stack.ts";

/** What a run needs from the stack it is part of. */
export interface RunSurroundings {
  readonly contexts: ContextSource;
  /** How busy the node is, told to callers with every answer. */
  load(): ResponseExtra;
  /** @param code undefined if it went well. */
  onEnd(request: StackRequest, context: HandlerContext, code: string | undefined): void;
}

/**
 * One request on its way through layers 3 to 7. It goes on without a promise for as long as nothing is asynchronous: a
 * microtask per layer costs more than the layers.
 */
export class RequestRun {
  readonly #surroundings: RunSurroundings;
  readonly #hosted: HostedOperation;
  readonly #request: StackRequest;
  readonly #context: HandlerContext;

  constructor(surroundings: RunSurroundings, hosted: HostedOperation, request: StackRequest) {
    this.#surroundings = surroundings;
    this.#hosted = hosted;
    this.#request = request;
    this.#context = new HandlerContext(surroundings.contexts, hosted.subject, request);
  }

  begin(): void {
    const { traces } = this.#surroundings.contexts;
    // Another tracing system must know of the span before the handler runs; ours only when it is over.
    if (traces.isBridged) traces.run(this.#context.trace, () => this.#begin());
    else this.#begin();
  }

  #begin(): void {
    const { runtime } = this.#hosted;
    try {
      checkScopes(runtime, this.#context);
      if (runtime.description.kind === "raw") {
        runRaw(this.#request, (input) => this.#invoke(input)).then(
          ({ body, extra }) => this.#answer(body, extra),
          (thrown) => this.#fail(thrown),
        );
        return;
      }
      if (runtime.description.hasInputStream) return this.#handle(this.#items());
      const { params } = this.#request.head;
      const input = runtime.parseInput(
        this.#request.body,
        params === undefined ? undefined : JSON.parse(params),
      );
      if (input instanceof Promise)
        input.then((late) => this.#handle(late)).catch((thrown) => this.#fail(thrown));
      else this.#handle(input);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Each item is validated when the handler asks for it. */
  async *#items(): AsyncGenerator<unknown> {
    const { runtime } = this.#hosted;
    const { input } = this.#request;
    if (!input)
      throw new DureError(
        "INVALID_ARGUMENT",
        `${runtime.service}.${runtime.name} takes a stream of items`,
      );
    const messages = input[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await messages.next().catch(endedEarly);
        if (next.done) return;
        yield await runtime.parseInput(next.value, undefined);
      }
    } finally {
      await messages.return?.();
    }
  }

  #handle(input: unknown): void {
    const running = this.#invoke(input);
    if (this.#hosted.runtime.description.kind === "stream") {
      this.#streamOut(running).then(
        () => this.#end(undefined),
        (thrown) => this.#fail(thrown),
      );
    } else if (running instanceof Promise)
      running.then((output) => this.#onOutput(output)).catch((thrown) => this.#fail(thrown));
    else this.#onOutput(running);
  }

  #invoke(input: unknown): unknown {
    const { service, handler } = this.#hosted;
    const { hooks } = service;
    const context = this.#context;
    if (hooks.length === 0) return handler(input, context as never);
    const step = (index: number, call: HookedCall): Promise<unknown> => {
      const hook = hooks[index];
      return Promise.resolve(
        hook ? hook.run(call, (next) => step(index + 1, next)) : handler(call.input, call),
      );
    };
    context.input = input;
    return step(0, context);
  }

  #onOutput(output: unknown): void {
    const body = this.#hosted.runtime.outputBody(output);
    this.#answer(body, this.#surroundings.load());
  }

  /** Items leave one by one, each when there is room for it; the stream opens with the first. */
  async #streamOut(running: unknown): Promise<void> {
    const { runtime } = this.#hosted;
    // With hooks around it the handler's iterable comes as a promise.
    const items = (await running) as AsyncIterable<unknown>;
    let out: OutgoingStream | undefined;
    for await (const item of items) {
      const body = runtime.outputBody(item);
      out ??= this.#request.stream();
      await out.write(body);
    }
    out ??= this.#request.stream();
    out.end();
  }

  #answer(body: string | Uint8Array, extra: ResponseExtra): void {
    this.#request.respond(body, extra);
    this.#end(undefined);
  }

  #fail(thrown: unknown): void {
    const failure = failureOf(thrown, this.#hosted, this.#context);
    this.#request.fail(failure);
    this.#end(failure.code);
  }

  #end(code: string | undefined): void {
    this.#context.end();
    this.#surroundings.onEnd(this.#request, this.#context, code);
  }
}

function endedEarly(thrown: unknown): never {
  throw new DureError("ABORTED", `the caller's input ended early: ${asError(thrown).message}`);
}

function checkScopes(
  { service, name, description }: OperationRuntime,
  context: { readonly principal: Principal | undefined },
): void {
  if (description.scopes.length === 0) return;
  const { principal } = context;
  if (!principal) {
    throw new DureError(
      "UNAUTHENTICATED",
      `${service}.${name} needs a principal with the scopes ${description.scopes.join(", ")}`,
    );
  }
  const missing = description.scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length > 0) {
    throw new DureError(
      "PERMISSION_DENIED",
      `${service}.${name} needs the scope ${missing.join(", ")}`,
      { details: { missing } },
    );
  }
}
