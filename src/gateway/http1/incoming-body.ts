/**
 * The body of a request, between the connection that decodes it and the one who reads it, or nobody.
 *
 * Invariants: (B1) while the framing is sound, push takes exactly this body's bytes, whatever became of its reader: the next request follows;
 * (B2) no more than a queue of bytes waits for a reader, except for one who wants all; (B3) after a failure nothing more is kept.
 */
import type { Buffer } from "node:buffer";
import { BodyRefused } from "../../http/index.ts";
import { ClientGone } from "../exchange.ts";
import { ByteQueue } from "./core/byte-queue.ts";
import { ChunkedDecoder } from "./core/chunked-decoder.ts";
import type { BodyLength } from "./core/request-head.ts";

/** Of every request without a body: nothing comes into it. */
const noQueue = new ByteQueue();

export class IncomingBody {
  readonly length: BodyLength;
  readonly #chunked: ChunkedDecoder | undefined;
  /** Called when a reader wants bytes. */
  readonly #onWanted: () => void;
  /** Bytes still to come, of a body whose length is known. */
  #left: number;
  readonly #queue: ByteQueue;
  #bytes = 0;
  #bytesMax = Number.POSITIVE_INFINITY;
  #reader: "none" | "whole" | "pieces" | "discard" = "none";
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(length: BodyLength, onWanted: () => void) {
    this.length = length;
    this.#onWanted = onWanted;
    this.#queue = length === 0 ? noQueue : new ByteQueue();
    this.#chunked = length === "chunked" ? new ChunkedDecoder() : undefined;
    this.#left = length === "chunked" ? 0 : length;
  }

  /** Whether its last byte has come. */
  get isDone(): boolean {
    return this.#chunked ? this.#chunked.isDone : this.#left === 0;
  }

  /** Whether a byte of it has come. */
  get hasBegun(): boolean {
    return this.#bytes > 0;
  }

  /** Bytes that wait for a reader, while more may come. */
  get queuedBytes(): number {
    return this.#reader === "whole" || this.isDone ? 0 : this.#queue.size;
  }

  /** Bytes still to come, or infinity if nobody can know. */
  get bytesLeft(): number {
    if (this.isDone) return 0;
    return this.#chunked || this.#failure ? Number.POSITIVE_INFINITY : this.#left;
  }

  /** Takes what is of this body from `bytes`, beginning at `from`. Gives the index behind it. */
  push(bytes: Buffer, from: number): number {
    const before = this.#bytes;
    const end = this.#chunked
      ? this.#chunked.push(bytes, from, this)
      : this.#pushLength(bytes, from);
    if (this.#chunked?.refusal !== undefined)
      this.fail(new BodyRefused(400, this.#chunked.refusal));
    if (this.#bytes > before || this.isDone) this.#awaken();
    // After a failure there is no telling where the body ends.
    return this.#failure && !this.isDone ? bytes.length : end;
  }

  /** Of the decoder: decoded bytes. */
  onBytes(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax) this.#failTooLarge();
    if (this.#failure || this.#reader === "discard") return;
    this.#queue.push(bytes);
  }

  /** The whole body. */
  async whole(bytesMax: number): Promise<Uint8Array> {
    this.#begin("whole", bytesMax);
    while (!this.isDone && !this.#failure && this.#reader === "whole") await this.#more();
    this.#throwIfLost("whole");
    const whole = this.#queue.takeAll();
    this.discard();
    return whole;
  }

  /** The body as it comes. */
  async *pieces(bytesMax: number): AsyncGenerator<Uint8Array, void, undefined> {
    this.#begin("pieces", bytesMax);
    try {
      for (;;) {
        const piece = this.#queue.shift();
        if (piece) {
          yield piece;
          continue;
        }
        this.#throwIfLost("pieces");
        if (this.isDone) return;
        await this.#more();
      }
    } finally {
      this.discard();
    }
  }

  /** Nobody will read the rest. One who still waits for it fails: half a body must not look like a whole one. */
  discard(): void {
    this.#reader = "discard";
    this.#queue.clear();
    this.#awaken();
  }

  /** The body does not come to its end. */
  fail(error: BodyRefused | ClientGone): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#queue.clear();
    this.#awaken();
  }

  #pushLength(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    this.#left -= end - from;
    if (end > from) this.onBytes(end - from === bytes.length ? bytes : bytes.subarray(from, end));
    return end;
  }

  #begin(reader: "whole" | "pieces", bytesMax: number): void {
    if (this.#reader !== "none") throw new Error("the body of a request is read once");
    this.#reader = reader;
    this.#bytesMax = bytesMax;
    const announced = this.length === "chunked" ? this.#bytes : this.length;
    if (announced > bytesMax) this.#failTooLarge();
    else if (!this.isDone) this.#onWanted();
  }

  #throwIfLost(reader: "whole" | "pieces"): void {
    if (this.#failure) throw this.#failure;
    if (this.#reader !== reader)
      throw new ClientGone("the request was answered before its body was read");
  }

  #failTooLarge(): void {
    this.fail(new BodyRefused(413, `the body is larger than ${this.#bytesMax} bytes`));
  }

  #more(): Promise<void> {
    this.#onWanted();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #awaken(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
