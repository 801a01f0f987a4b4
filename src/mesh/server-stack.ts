/**
 * The callee's side of a call, in the order in which a request meets the layers:
 *
 *   1. operation       known here? otherwise refused as not started, so that another instance may take it
 *   2. deadline        what has expired on the way is not begun
 *   3. scopes          checked where the operation is handled, not only at the gateway
 *   4. input           parsed and validated before a handler sees it
 *   5. hooks, handler  with a context that inherits deadline, principal, trace, keys and cancellation
 *   6. output          written by the serialiser compiled from its schema
 *   7. errors          mapped in one place to what may cross the wire
 */
import {
  ContractError,
  type HookedCall,
  type OperationRuntime,
  type Principal,
} from "../contract/index.ts";
import { asError, DureError, isErrorCode, now } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { Body, OperationRef, RequestHead, ResponseExtra, WireFailure } from "../wire/index.ts";
import { type ContextSource, HandlerContext } from "./handler-context.ts";
import { runRaw } from "./raw-operation.ts";
import type { HostedService } from "./service-host.ts";

/** A request from the wire or from this process. */
export interface StackRequest {
  readonly ref: OperationRef;
  readonly head: RequestHead;
  readonly body: Uint8Array | string;
  readonly receivedAt: number;
  readonly isCancelled: boolean;
  onCancel(listener: () => void): void;
  respond(body: Body, extra?: ResponseExtra): void;
  fail(failure: WireFailure): void;
}

/** What the stack works with. */
export interface ServerStackOptions {
  readonly logger: Logger;
  readonly contexts: ContextSource;
  /** Operations of the platform itself, by service and operation; they get params and return JSON text. */
  readonly internal: ReadonlyMap<string, (params: Record<string, string>) => string>;
}

/** An operation with its handler. */
interface HostedOperation {
  readonly service: HostedService;
  readonly runtime: OperationRuntime;
  readonly handler: (input: unknown, ctx: HookedCall) => unknown;
}

export class ServerStack {
  readonly #options: ServerStackOptions;
  readonly #operations = new Map<string, HostedOperation>();
  /** Links keep one object per operation, so most requests are looked up by identity. */
  readonly #byRef = new WeakMap<OperationRef, HostedOperation>();
  #runningCount = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ServerStackOptions) {
    this.#options = options;
  }

  /** Requests at work. */
  get runningCount(): number {
    return this.#runningCount;
  }

  /** Takes a service's operations in. */
  add(service: HostedService): void {
    for (const [name, runtime] of service.operations) {
      const handler = service.handlers[name];
      if (handler)
        this.#operations.set(`${runtime.service}.${name}`, { service, runtime, handler });
    }
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

  /** Answers a request. */
  handle(request: StackRequest): void {
    const { ref } = request;
    const hosted = this.#find(ref);
    if (!hosted) return this.#handleInternal(request);
    const remainingMs = request.head.deadlineMs - (now() - request.receivedAt);
    if (remainingMs <= 0 || request.isCancelled) {
      return request.fail({
        code: "DEADLINE_EXCEEDED",
        message: `${ref.service}.${ref.operation}: the time was over on arrival`,
        isStarted: false,
      });
    }
    this.#runningCount += 1;
    void this.#run(hosted, request).then(() => {
      this.#runningCount -= 1;
      if (this.#runningCount === 0) this.#onIdle?.();
    });
  }

  async #run(hosted: HostedOperation, request: StackRequest): Promise<void> {
    const { runtime, service } = hosted;
    const { head } = request;
    const context = new HandlerContext(this.#options.contexts, runtime, request);
    try {
      checkScopes(runtime, context.principal);
      if (runtime.description.kind === "raw") {
        const { body, extra } = await runRaw(request, (input) =>
          this.#invoke(hosted, context, input),
        );
        request.respond(body, extra);
        return;
      }
      const params = head.params === undefined ? undefined : JSON.parse(head.params);
      const parsed = runtime.parseInput(request.body, params);
      const input = parsed instanceof Promise ? await parsed : parsed;
      const running = this.#invoke(hosted, context, input);
      const output = running instanceof Promise ? await running : running;
      request.respond(runtime.serializeOutput(output), { load: this.#runningCount });
    } catch (thrown) {
      request.fail(this.#toFailure(thrown, runtime, service));
    } finally {
      context.end();
    }
  }

  #invoke({ service, handler }: HostedOperation, context: HandlerContext, input: unknown): unknown {
    const { hooks } = service;
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

  #find(ref: OperationRef): HostedOperation | undefined {
    let hosted = this.#byRef.get(ref);
    if (!hosted) {
      hosted = this.#operations.get(`${ref.service}.${ref.operation}`);
      if (hosted) this.#byRef.set(ref, hosted);
    }
    return hosted;
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

  /** Layer 7. A contract's own error passes; another operation's error does not leak, it is a bug here. */
  #toFailure(thrown: unknown, runtime: OperationRuntime, service: HostedService): WireFailure {
    const name = `${runtime.service}.${runtime.name}`;
    try {
      if (thrown instanceof ContractError) {
        if (thrown.operation === name) {
          const data = runtime.serializeErrorData(thrown.code, thrown.data);
          return {
            code: thrown.code,
            message: thrown.message,
            data,
            isDeclared: true,
            isStarted: true,
          };
        }
        const message = `${name} let ${thrown.operation}'s error ${thrown.code} escape; handle it with .result() or catch, and answer with an error of its own`;
        service.logger.error(message, { operation: name });
        return { code: "INTERNAL", message, isStarted: true };
      }
      if (thrown instanceof DureError && isErrorCode(thrown.code)) {
        const data = thrown.details === undefined ? undefined : JSON.stringify(thrown.details);
        if (thrown.code === "INTERNAL") service.logger.error(thrown.message, { operation: name });
        return { code: thrown.code, message: thrown.message, data, isStarted: true };
      }
    } catch (second) {
      thrown = second;
    }
    const error = asError(thrown);
    service.logger.error(`${name} threw: ${error.message}`, {
      operation: name,
      stack: error.stack,
    });
    return {
      code: "INTERNAL",
      message: `${name} failed; the log of its node says why`,
      isStarted: true,
    };
  }
}

function checkScopes(
  { service, name, description }: OperationRuntime,
  principal: Principal | undefined,
): void {
  if (description.scopes.length === 0) return;
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
