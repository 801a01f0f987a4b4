import { type AnswerStream, ClientGone } from "../exchange.ts";
import type { Encoder } from "./compressor.ts";

/** A streamed answer, compressed piece by piece: each is sent when it was written, and not when enough has come together. */
export class CompressedStream implements AnswerStream {
  readonly #inner: AnswerStream;
  readonly #encoder: Encoder;
  #pieces: Uint8Array[] = [];
  /** Pieces in their order. */
  #last: Promise<void> = Promise.resolve();
  /** Ends the wait for an encoder that was stopped. */
  #stop: () => void = () => undefined;

  constructor(inner: AnswerStream, encoder: Encoder) {
    this.#inner = inner;
    this.#encoder = encoder;
    encoder.on("data", (piece: Buffer) => this.#pieces.push(piece));
    encoder.on("error", () => this.abort());
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#then((resolve) => {
      this.#encoder.write(bytes);
      this.#encoder.flush(resolve);
    });
  }

  end(): void {
    this.#then((resolve) => {
      this.#encoder.once("end", resolve);
      this.#encoder.end();
    }).then(
      () => this.#inner.end(),
      () => undefined,
    );
  }

  abort(): void {
    this.#close();
    this.#inner.abort();
  }

  /** Does the work behind the one before, and hands on what came out. Rejects when the client is gone. */
  #then(work: (resolve: () => void) => void): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.#encoder.destroyed) throw new ClientGone();
      await new Promise<void>((resolve, reject) => {
        this.#stop = () => reject(new ClientGone());
        work(resolve);
      });
      const pieces = this.#pieces;
      this.#pieces = [];
      for (const piece of pieces) await this.#inner.write(piece);
    });
    this.#last = done;
    // Whoever writes without waiting must not bring the process down.
    done.catch(() => this.#close());
    return done;
  }

  #close(): void {
    this.#encoder.destroy();
    this.#stop();
  }
}
