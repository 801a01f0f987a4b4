import { Buffer } from "node:buffer";
import { DureError, now, TimerWheel } from "../kit/index.ts";
import {
  type Body,
  type CallFailure,
  type OperationRef,
  type Outcome,
  type OutgoingStream,
  type RequestHead,
  type ResponseExtra,
  SettledOnce,
  type WireFailure,
} from "../wire/index.ts";
import type { CallRequest } from "./client-stack.ts";
import type { StackRequest } from "./server-stack.ts";

const wheel = new TimerWheel();

/**
 * A call within the process: the same text, the same validation, the same deadline and cancellation as over a link, without
 * the link. Caller and handler never share an object.
 */
export class LocalCall extends SettledOnce implements StackRequest {
  readonly ref: OperationRef;
  readonly head: RequestHead;
  readonly body: Body;
  readonly input: AsyncIterable<Body> | undefined;
  readonly receivedAt = now();
  readonly queuedMs = 0;
  isCancelled = false;
  readonly #deadline;
  #cancelListeners: (() => void)[] | undefined;

  constructor({ ref, body, input }: CallRequest, head: RequestHead) {
    super();
    this.ref = ref;
    this.head = head;
    this.body = body;
    this.input = input;
    this.#deadline = wheel.add(this.receivedAt + head.deadlineMs, () =>
      this.#giveUp("DEADLINE_EXCEEDED", `no answer within ${Math.round(head.deadlineMs)} ms`),
    );
  }

  onCancel(listener: () => void): void {
    if (this.isCancelled) return listener();
    this.#cancelListeners ??= [];
    this.#cancelListeners.push(listener);
  }

  cancel(): void {
    this.#giveUp("CANCELLED", "the caller gave up");
  }

  respond(body: Body, { status, headers }: ResponseExtra = {}): void {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.#end({ ok: true, response: { body: bytes, status, headers } });
  }

  /** Nobody reads a stream here: the caller made a plain call. */
  stream(): OutgoingStream {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${this.ref.service}.${this.ref.operation} answers a stream; read it as one`,
    );
  }

  /** The answer has begun: the deadline was for that. */
  protected begun(): void {
    wheel.remove(this.#deadline);
  }

  fail(failure: WireFailure): void {
    this.#end({
      ok: false,
      failure: { ...failure, sent: failure.isStarted ? "answered" : "no" },
    });
  }

  #giveUp(code: string, message: string): void {
    const failure: CallFailure = { code, message, isStarted: true, sent: "unknown" };
    if (!this.#end({ ok: false, failure })) return;
    this.isCancelled = true;
    const listeners = this.#cancelListeners;
    this.#cancelListeners = undefined;
    if (listeners) for (const listener of listeners) listener();
  }

  #end(outcome: Outcome): boolean {
    wheel.remove(this.#deadline);
    return this.settle(outcome);
  }
}
