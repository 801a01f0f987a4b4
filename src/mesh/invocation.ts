import { Buffer } from "node:buffer";
import { ContractError, type OperationRuntime } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";
import type { CallFailure, CallObserver, Outcome, PendingCall } from "../wire/index.ts";
import type { CallParent } from "./typed-client.ts";

/** One call as the promise that its caller holds. */
export class Invocation implements CallObserver {
  readonly runtime: OperationRuntime;
  readonly parent: CallParent | undefined;
  readonly #resolve: (output: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #call: PendingCall | undefined;
  #stopListening: (() => void) | undefined;

  constructor(
    runtime: OperationRuntime,
    parent: CallParent | undefined,
    resolve: (output: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.runtime = runtime;
    this.parent = parent;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  follow(call: PendingCall, signal: AbortSignal | undefined): void {
    this.#call = call;
    this.parent?.adopt(call);
    if (signal) {
      const onAbort = () => call.cancel();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#stopListening = () => signal.removeEventListener("abort", onAbort);
    }
    call.observe(this);
  }

  onOutcome(outcome: Outcome): void {
    this.#stopListening?.();
    if (this.#call) this.parent?.release(this.#call);
    if (!outcome.ok) return this.fail(outcome.failure);
    try {
      const { runtime } = this;
      const { body } = outcome.response;
      this.#resolve(runtime.parseOutput(runtime.answersBytes ? body : textOf(body)));
    } catch (thrown) {
      this.#reject(thrown);
    }
  }

  fail(failure: CallFailure): void {
    this.#reject(toError(failure, this.runtime));
  }
}

/** As text: for a short one, a Buffer's own decoder takes half the time of a TextDecoder. */
function textOf(body: Uint8Array): string | Uint8Array {
  return body instanceof Buffer ? body.toString() : body;
}

/** The error a caller catches. */
export function toError(failure: CallFailure, runtime: OperationRuntime): DureError {
  const name = `${runtime.service}.${runtime.name}`;
  const data = failure.data === undefined ? undefined : JSON.parse(failure.data);
  if (failure.isDeclared) return new ContractError(name, failure.code, data);
  const message = failure.message.startsWith(name)
    ? failure.message
    : `${name}: ${failure.message}`;
  const { sent, isExhausted } = failure;
  return new DureError(failure.code, message, { sent, isExhausted, details: data });
}
