import { frameFlag, frameType } from "./core/frame.ts";
import type { FrameWriter } from "./core/frame-writer.ts";
import type { Sender } from "./core/sender.ts";
import { chunkBytes } from "./limits.ts";

/** Bulk bytes per write: more would only wait in the socket, in front of urgent frames. */
const bytesPerFlush = 256 * 1024;

/** The streams of a link that have something to send, and what the peer takes of all of them together. */
export class Bulk {
  readonly #writer: FrameWriter;
  readonly #senders: Sender[] = [];
  #creditBytes: number;

  /** @param creditBytes what the peer takes before it grants more. */
  constructor(writer: FrameWriter, creditBytes: number) {
    this.#writer = writer;
    this.#creditBytes = creditBytes;
  }

  /** Whether a stream waits for its turn. */
  get isWaiting(): boolean {
    return this.#senders.length > 0;
  }

  /** Whether one of them may send now. */
  get canSend(): boolean {
    return this.#senders.length > 0 && this.#creditBytes > 0;
  }

  /** The stream takes part, if it has something that its own credit allows. */
  add(sender: Sender): void {
    if (sender.isReady && !this.#senders.includes(sender)) this.#senders.push(sender);
  }

  remove(sender: Sender): void {
    const index = this.#senders.indexOf(sender);
    if (index >= 0) this.#senders.splice(index, 1);
  }

  clear(): void {
    this.#senders.length = 0;
  }

  /** The peer takes more. */
  grant(bytes: number): void {
    this.#creditBytes += bytes;
  }

  /** Writes a piece of each stream in turn, until the flush is full or nothing may be sent. */
  write(): void {
    let budget = bytesPerFlush;
    while (budget > 0 && this.#creditBytes > 0) {
      const sender = this.#senders.shift();
      if (!sender) return;
      const piece = sender.next(Math.min(chunkBytes, this.#creditBytes));
      if (piece) {
        this.#writer.begin(frameType.DATA, piece.hasMore ? frameFlag.MORE : 0, sender.streamId);
        this.#writer.end(piece.bytes);
        budget -= piece.bytes.length + 1;
        this.#creditBytes -= Math.max(piece.bytes.length, 1);
      }
      if (sender.isReady) this.#senders.push(sender);
    }
  }
}
