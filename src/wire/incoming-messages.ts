import type { Buffer } from "node:buffer";
import { Assembler } from "./core/assembler.ts";
import type { CallFailure } from "./types.ts";

/** A message that waits for its reader, and what its taking gives back to the writer. */
interface Waiting {
  readonly message: Buffer;
  readonly creditBytes: number;
}

/** The reader's half of a stream: holds what came in until it is taken, at most the credit that was given. */
export class IncomingMessages implements AsyncIterable<Uint8Array> {
  readonly #grant: (bytes: number) => void;
  readonly #cancel: () => void;
  readonly #assembler = new Assembler();
  readonly #queue: Waiting[] = [];
  #failure: CallFailure | undefined;
  #isEnded = false;
  #isAbandoned = false;
  #wake: (() => void) | undefined;

  /**
   * @param grant the writer may send so much more.
   * @param cancel the reader has left before the end.
   */
  constructor(grant: (bytes: number) => void, cancel: () => void) {
    this.#grant = grant;
    this.#cancel = cancel;
  }

  /** Bytes of the message that is coming in. */
  get partialBytes(): number {
    return this.#assembler.size;
  }

  /** Takes in a piece of a message; the last one completes it. */
  receive(piece: Buffer, isLast: boolean): void {
    this.#assembler.push(piece);
    const creditBytes = Math.max(piece.length, 1);
    // What is not the last piece is paid back at once, or a message larger than the credit would never be complete.
    if (!isLast || this.#isAbandoned) this.#grant(creditBytes);
    if (!isLast) return;
    const message = this.#assembler.take();
    if (this.#isAbandoned) return;
    this.#queue.push({ message, creditBytes });
    this.#wakeReader();
  }

  end(): void {
    this.#isEnded = true;
    this.#wakeReader();
  }

  fail(failure: CallFailure): void {
    this.#failure = failure;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = this.#queue.shift();
        if (next) {
          this.#grant(next.creditBytes);
          yield next.message;
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
      this.abandon();
      if (!this.#isEnded) this.#cancel();
    }
  }

  /** Nobody will read what is here or still to come; its credit goes back. */
  abandon(): void {
    this.#isAbandoned = true;
    const unread = this.#queue.splice(0).reduce((sum, { creditBytes }) => sum + creditBytes, 0);
    if (unread > 0) this.#grant(unread);
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
