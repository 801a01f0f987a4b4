/**
 * The body of an upstream's answer, between the connection that decodes it and the one who reads it.
 *
 * Invariants: (U1) it ends well only where its framing says so; (U2) the upstream is held back while a queue of bytes waits;
 * (U3) who cancels it, or reads no further, ends the connection unless the body has come whole.
 */
import type { Buffer } from "node:buffer";
import type { PiecewiseBody } from "../answer.ts";
import { ByteQueue } from "../http1/core/byte-queue.ts";
import { ChunkedDecoder } from "../http1/core/chunked-decoder.ts";
import type { AnswerBodyLength } from "./core/answer-framing.ts";
import { UpstreamFailure } from "./upstream-failure.ts";

/** Bytes that wait for a reader; with more the upstream is held back. */
const queueBytesMax = 256 * 1024;

/** Whom a body tells of its reader. */
export interface BodySource {
  /** There is room, or there is none. */
  onFlow(isWanted: boolean): void;
  /** Nobody reads the rest. */
  onCancelled(): void;
}

export class UpstreamBody implements PiecewiseBody {
  readonly length: number | undefined;
  readonly #source: BodySource;
  readonly #chunked: ChunkedDecoder | undefined;
  #left: number;
  #isDone: boolean;
  readonly #queue = new ByteQueue();
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(length: AnswerBodyLength, source: BodySource, statedLength: number | undefined) {
    this.length = statedLength;
    this.#source = source;
    this.#chunked = length === "chunked" ? new ChunkedDecoder() : undefined;
    this.#left = typeof length === "number" ? length : Number.POSITIVE_INFINITY;
    this.#isDone = length === 0;
  }

  /** Whether all of it has come. */
  get isDone(): boolean {
    return this.#isDone;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Takes what is of this body, from `from` on. Gives the index behind it. */
  push(bytes: Buffer, from: number): number {
    let end: number;
    if (this.#chunked) {
      end = this.#chunked.push(bytes, from, this);
      const { refusal, isDone } = this.#chunked;
      if (refusal !== undefined) this.fail(broken(refusal));
      this.#isDone = isDone;
    } else {
      end = Math.min(bytes.length, from + this.#left);
      this.#left -= end - from;
      if (end > from) this.onBytes(bytes.subarray(from, end));
      this.#isDone = this.#left === 0;
    }
    if (this.#queue.size >= queueBytesMax && !this.#isDone) this.#source.onFlow(false);
    this.#awaken();
    return end;
  }

  /** Of the decoder: decoded bytes. */
  onBytes(bytes: Buffer): void {
    if (!this.#failure) this.#queue.push(bytes);
  }

  /** The upstream ended its side: the end of a body that has no other, the loss of every other one. */
  onPeerEnd(): void {
    if (this.#isDone) return;
    if (!this.#chunked && this.#left === Number.POSITIVE_INFINITY) this.#isDone = true;
    else this.fail(broken("the connection ended before the body did"));
    this.#awaken();
  }

  fail(error: Error): void {
    if (this.#failure || this.#isDone) return;
    this.#failure = error;
    this.#queue.clear();
    this.#awaken();
  }

  cancel(): void {
    if (!this.#isDone) {
      this.fail(broken("nobody reads the answer any more"));
      this.#source.onCancelled();
    }
    this.#queue.clear();
  }

  /** All of it at once, if it is there. */
  takeWhole(): Uint8Array | undefined {
    return this.#isDone ? this.#queue.takeAll() : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const piece = this.#queue.shift();
        if (piece) {
          if (this.#queue.size < queueBytesMax) this.#source.onFlow(true);
          yield piece;
          continue;
        }
        if (this.#failure) throw this.#failure;
        if (this.#isDone) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.cancel();
    }
  }

  #awaken(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function broken(reason: string): UpstreamFailure {
  return new UpstreamFailure(502, reason, "unknown");
}
