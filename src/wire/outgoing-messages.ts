import { DureError } from "../kit/index.ts";
import { frameFlag, frameType } from "./core/frame.ts";
import { Sender } from "./core/sender.ts";
import type { Link } from "./link.ts";
import type { Body } from "./types.ts";

/** The writer's half of a stream on a link: each message leaves when the reader's credit allows it. */
export class OutgoingMessages {
  readonly sender: Sender;
  readonly #link: Link;
  readonly #streamId: number;
  readonly #waiting = new Set<(error: DureError) => void>();
  #isOver = false;

  constructor(link: Link, streamId: number) {
    this.#link = link;
    this.#streamId = streamId;
    this.sender = new Sender(streamId, link.limits.streamCreditBytes);
  }

  /** Resolves when the message has left; rejects with CANCELLED once the reader is gone. */
  write(message: Body): Promise<void> {
    if (this.#isOver) return Promise.reject(readerGone());
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      this.sender.push(message, () => {
        this.#waiting.delete(reject);
        resolve();
      });
      this.#link.enqueue(this.sender);
    });
  }

  /** Writes END after the last message, then calls `onEnd`. */
  end(flags: number, onEnd: () => void): void {
    this.sender.finish(() => {
      if (this.#isOver) return;
      this.#link.writer.begin(frameType.END, flags, this.#streamId);
      this.#link.writer.end("");
      this.#link.planFlush();
      onEnd();
    });
    this.#link.enqueue(this.sender);
  }

  /** Nobody reads any more: what waits is refused, nothing more is sent. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.dequeue(this.sender);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reject of waiting) reject(readerGone());
  }
}

/** Writes the items of a request's input as they come. Gives back how to stop, when nobody wants more of them. */
export function pump(
  items: AsyncIterable<Body>,
  out: OutgoingMessages,
  onFailed: (thrown: unknown) => void,
): () => void {
  const iterator = items[Symbol.asyncIterator]();
  let isStopped = false;
  const run = async () => {
    try {
      for (;;) {
        const next = await iterator.next();
        if (isStopped) return;
        if (next.done) break;
        await out.write(next.value);
      }
      out.end(frameFlag.END, () => {});
    } catch (thrown) {
      if (!isStopped) onFailed(thrown);
    }
  };
  run().catch(onFailed);
  return () => {
    if (isStopped) return;
    isStopped = true;
    out.abort();
    // A source that fails while it is being closed has nobody left to tell.
    Promise.resolve(iterator.return?.()).catch(onFailed);
  };
}

function readerGone(): DureError {
  return new DureError("CANCELLED", "the reader of the stream is gone");
}
