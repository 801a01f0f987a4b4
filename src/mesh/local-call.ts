import { Buffer } from "node:buffer";
import { now, TimerWheel } from "../kit/index.ts";
import type {
  Body,
  CallFailure,
  OperationRef,
  Outcome,
  PendingCall,
  RequestHead,
  ResponseExtra,
  WireFailure,
} from "../wire/index.ts";
import type { CallRequest } from "./client-stack.ts";
import type { StackRequest } from "./server-stack.ts";

const wheel = new TimerWheel();

/**
 * A call within the process: the same text, the same validation, the same deadline and cancellation as over a link, without
 * the link. Caller and handler never share an object.
 */
export class LocalCall implements PendingCall, StackRequest {
  readonly outcome: Promise<Outcome>;
  readonly ref: OperationRef;
  readonly head: RequestHead;
  readonly body: Body;
  readonly receivedAt = now();
  isCancelled = false;
  readonly #deadline;
  #resolve!: (outcome: Outcome) => void;
  #isSettled = false;
  #cancelListeners: (() => void)[] | undefined;

  constructor({ ref, head, body }: CallRequest) {
    this.ref = ref;
    this.head = head;
    this.body = body;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
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
    this.#settle({ ok: true, response: { body: bytes, status, headers } });
  }

  fail(failure: WireFailure): void {
    this.#settle({
      ok: false,
      failure: { ...failure, sent: failure.isStarted ? "answered" : "no" },
    });
  }

  #giveUp(code: string, message: string): void {
    if (this.#isSettled) return;
    const failure: CallFailure = { code, message, isStarted: true, sent: "unknown" };
    this.#settle({ ok: false, failure });
    this.isCancelled = true;
    const listeners = this.#cancelListeners;
    this.#cancelListeners = undefined;
    if (listeners) for (const listener of listeners) listener();
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    wheel.remove(this.#deadline);
    this.#resolve(outcome);
  }
}
