import { Buffer } from "node:buffer";
import type { Body } from "../types.ts";

/** A message on its way out in pieces. */
interface Outgoing {
  readonly bytes: Uint8Array;
  offset: number;
  readonly onTaken: (() => void) | undefined;
}

/** A piece to put into one DATA frame. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Whether the message goes on in the next piece. */
  readonly hasMore: boolean;
}

/** Cuts the messages of one stream into pieces, as far as the receiver's credit allows. */
export class Sender {
  readonly streamId: number;
  #credit: number;
  readonly #messages: Outgoing[] = [];
  #onEnd: (() => void) | undefined;

  constructor(streamId: number, creditBytes: number) {
    this.streamId = streamId;
    this.#credit = creditBytes;
  }

  /** Whether a piece can go out now. */
  get isReady(): boolean {
    return this.#messages.length > 0 ? this.#credit > 0 : this.#onEnd !== undefined;
  }

  /** Messages not sent in full. */
  get queuedCount(): number {
    return this.#messages.length;
  }

  get credit(): number {
    return this.#credit;
  }

  /** Queues a message; `onTaken` is called when its last piece left. */
  push(body: Body, onTaken?: () => void): void {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.#messages.push({ bytes, offset: 0, onTaken });
  }

  /** Calls `onEnd` once all messages are out. */
  finish(onEnd: () => void): void {
    this.#onEnd = onEnd;
  }

  /** The receiver takes more. */
  grant(bytes: number): void {
    this.#credit += bytes;
  }

  /** The next piece; undefined if none can go out now. */
  next(pieceBytesMax: number): Piece | undefined {
    const message = this.#messages[0];
    if (!message) {
      const onEnd = this.#onEnd;
      this.#onEnd = undefined;
      onEnd?.();
      return undefined;
    }
    const size = Math.min(
      pieceBytesMax,
      Math.max(this.#credit, 0),
      message.bytes.length - message.offset,
    );
    if (size === 0 && message.bytes.length > 0) return undefined;
    const bytes = message.bytes.subarray(message.offset, message.offset + size);
    message.offset += size;
    // An empty message costs a byte of credit, so that a flood of them is bounded too.
    this.#credit -= Math.max(size, 1);
    const hasMore = message.offset < message.bytes.length;
    if (!hasMore) {
      this.#messages.shift();
      message.onTaken?.();
    }
    return { bytes, hasMore };
  }
}
