import type { Buffer } from "node:buffer";
import type { WheelEntry } from "../kit/index.ts";
import type { Assembler } from "./core/assembler.ts";
import type { ResponseExtra } from "./core/head.ts";
import type { Sender } from "./core/sender.ts";
import type { CallFailure, Response } from "./types.ts";

/** How a call ended. */
export type Outcome =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly failure: CallFailure };

/** A call on its way. */
export interface PendingCall {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Gives up: the callee is told, the outcome is CANCELLED. */
  cancel(): void;
}

/** What a client remembers of a request until it is answered. */
export class Exchange implements PendingCall {
  readonly streamId: number;
  readonly sentAt: number;
  readonly outcome: Promise<Outcome>;
  deadline: WheelEntry | undefined;
  /** The rest of a large request body. */
  sender: Sender | undefined;
  /** The answer so far, where it comes in several frames. */
  answer:
    | {
        readonly head: ResponseExtra & { totalBytes: number | undefined };
        readonly body: Assembler;
      }
    | undefined;
  /** Who takes the messages, where the answer is a stream. */
  stream: IncomingMessages | undefined;
  readonly #giveUp: (exchange: Exchange) => void;
  #resolve!: (outcome: Outcome) => void;

  constructor(streamId: number, sentAt: number, giveUp: (exchange: Exchange) => void) {
    this.streamId = streamId;
    this.sentAt = sentAt;
    this.#giveUp = giveUp;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  cancel(): void {
    this.#giveUp(this);
  }

  succeed(response: Response): void {
    this.#resolve({ ok: true, response });
    this.stream?.end();
  }

  fail(failure: CallFailure): void {
    this.#resolve({ ok: false, failure });
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

/** The reader's half of a stream: holds what came in until it is taken, at most the credit that was given. */
export class IncomingMessages implements AsyncIterable<Uint8Array> {
  readonly #grant: (bytes: number) => void;
  readonly #cancel: () => void;
  readonly #queue: Buffer[] = [];
  #failure: CallFailure | undefined;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(grant: (bytes: number) => void, cancel: () => void) {
    this.#grant = grant;
    this.#cancel = cancel;
  }

  push(message: Buffer): void {
    this.#queue.push(message);
    this.#wakeReader();
  }

  end(): void {
    this.#isEnded = true;
    this.#wakeReader();
  }

  fail(failure: CallFailure): void {
    this.#failure = failure;
    this.#isEnded = true;
    this.#wakeReader();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const message = this.#queue.shift();
        if (message) {
          this.#grant(Math.max(message.length, 1));
          yield message;
        } else if (this.#isEnded) {
          if (this.#failure) throw new StreamFailure(this.#failure);
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      if (!this.#isEnded) this.#cancel();
    }
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** Thrown to the reader of a stream that failed. */
export class StreamFailure extends Error {
  readonly failure: CallFailure;

  constructor(failure: CallFailure) {
    super(`${failure.code}: ${failure.message}`);
    this.failure = failure;
  }
}
