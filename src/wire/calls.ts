import { inNoSlot, type WheelEntry } from "../kit/index.ts";
import type { Assembler } from "./core/assembler.ts";
import type { DecodedResponse } from "./core/head.ts";
import type { Sender } from "./core/sender.ts";
import type { IncomingMessages } from "./incoming-messages.ts";
import type { CallFailure, Response } from "./types.ts";

/** How a call ended. */
export type Outcome =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly failure: CallFailure };

/** Who is told how a call goes. An object rather than closures: every call of every layer has one. */
export interface CallObserver {
  /** The call is over. */
  onOutcome(outcome: Outcome): void;
  /** The callee has fallen silent; the call still runs. */
  onSuspect?(): void;
  /** The call has waited for so long; told now and then from 150 ms on. */
  onWaiting?(waitedMs: number): void;
}

/** A call on its way. */
export interface PendingCall {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Tells one observer; of the outcome at once if there is one. A promise for every layer would cost more than the frames. */
  observe(observer: CallObserver): void;
  /** Gives up: the callee is told, the outcome is CANCELLED. */
  cancel(): void;
}

/** A call that ends once, whoever makes it. */
export abstract class SettledOnce implements PendingCall {
  #outcome: Outcome | undefined;
  #observer: CallObserver | undefined;

  abstract cancel(): void;

  get outcome(): Promise<Outcome> {
    return new Promise((resolve) => this.observe({ onOutcome: resolve }));
  }

  protected get isSettled(): boolean {
    return this.#outcome !== undefined;
  }

  observe(observer: CallObserver): void {
    if (this.#outcome) return observer.onOutcome(this.#outcome);
    const former = this.#observer;
    this.#observer = former ? bothOf(former, observer) : observer;
  }

  /** The callee has fallen silent. */
  suspected(): void {
    this.#observer?.onSuspect?.();
  }

  /** No answer for so long. */
  waiting(waitedMs: number): void {
    this.#observer?.onWaiting?.(waitedMs);
  }

  /** Ends it; whether it had not ended before. */
  protected settle(outcome: Outcome): boolean {
    if (this.#outcome) return false;
    this.#outcome = outcome;
    this.#observer?.onOutcome(outcome);
    return true;
  }
}

function bothOf(first: CallObserver, second: CallObserver): CallObserver {
  return {
    onOutcome(outcome) {
      first.onOutcome(outcome);
      second.onOutcome(outcome);
    },
    onSuspect() {
      first.onSuspect?.();
      second.onSuspect?.();
    },
    onWaiting(waitedMs) {
      first.onWaiting?.(waitedMs);
      second.onWaiting?.(waitedMs);
    },
  };
}

/** Ends a call from the caller's side: the callee is told to stop. */
export type GiveUp = (exchange: Exchange, failure: CallFailure) => void;

const gaveUp: CallFailure = {
  code: "CANCELLED",
  message: "the caller gave up",
  isStarted: true,
  sent: "unknown",
};

/** What a client remembers of a request until it is answered. It is due itself, at its deadline: every call has one. */
export class Exchange extends SettledOnce implements WheelEntry {
  readonly streamId: number;
  readonly sentAt: number;
  /** Its deadline. */
  dueAt = 0;
  next: WheelEntry | undefined;
  previous: WheelEntry | undefined;
  slot = inNoSlot;
  /** The rest of a large request body, or the messages of its input. */
  sender: Sender | undefined;
  /** Ends the messages of its input. */
  stopInput: (() => void) | undefined;
  /** The answer so far, where it comes in several frames. */
  answer:
    | {
        readonly head: DecodedResponse;
        readonly body: Assembler;
      }
    | undefined;
  /** Who takes the messages, where the answer is a stream. */
  stream: IncomingMessages | undefined;
  readonly #giveUp: GiveUp;

  constructor(streamId: number, sentAt: number, giveUp: GiveUp) {
    super();
    this.streamId = streamId;
    this.sentAt = sentAt;
    this.#giveUp = giveUp;
  }

  cancel(): void {
    this.#giveUp(this, gaveUp);
  }

  /** Its deadline has come. */
  run(): void {
    this.#giveUp(this, {
      code: "DEADLINE_EXCEEDED",
      message: `no answer within ${Math.round(this.dueAt - this.sentAt)} ms`,
      isStarted: true,
      sent: "unknown",
    });
  }

  /** The source of its input threw. */
  failInput(error: Error): void {
    const message = `the source of the input failed: ${error.message}`;
    this.#giveUp(this, { code: "ABORTED", message, isStarted: true, sent: "unknown" });
  }

  succeed(response: Response): void {
    this.settle({ ok: true, response });
    this.stream?.end();
  }

  fail(failure: CallFailure): void {
    this.settle({ ok: false, failure });
    this.stream?.fail(failure);
  }
}

/** Messages of a stream, taken one by one with `for await`. */
export interface IncomingStream extends AsyncIterable<Uint8Array> {
  /** Settles when the stream is over, like a call's. */
  readonly outcome: Promise<Outcome>;
  /** Tells the sender to stop. Breaking out of the loop does the same. */
  cancel(): void;
}
