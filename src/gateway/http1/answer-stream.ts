import { Buffer } from "node:buffer";
import type { AnswerStream } from "../exchange.ts";

/** What a stream needs of its connection. */
interface StreamChannel {
  sendPiece(piece: Uint8Array | string): void;
  room(): Promise<void> | undefined;
  destroy(): void;
  /** Ends the connection once what was sent is on its way. */
  end(): void;
}

interface StreamOptions {
  /** Whether the answer may have a body: with HEAD, 204 and 304 everything written is dropped. */
  readonly hasBody: boolean;
  readonly onEnd: () => void;
}

/** A body that ends with the connection. */
export class PlainStream implements AnswerStream {
  protected readonly channel: StreamChannel;
  readonly #options: StreamOptions;
  #isOpen = true;

  constructor(channel: StreamChannel, options: StreamOptions) {
    this.channel = channel;
    this.#options = options;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (!this.#isOpen) throw new Error("the answer has ended");
    if (this.#options.hasBody && bytes.length > 0) this.send(bytes);
    return this.channel.room();
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.sendEnd();
    this.#options.onEnd();
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.sendAbort();
  }

  protected send(bytes: Uint8Array): void {
    this.channel.sendPiece(bytes);
  }

  protected sendEnd(): void {}

  /** An orderly end would look like the end of the body. */
  protected sendAbort(): void {
    this.channel.destroy();
  }
}

/** Up to this size a copy is cheaper than a write more. */
const joinBytesMax = 4 * 1024;

/** A body in chunks (RFC 9112, section 7.1). */
export class ChunkedStream extends PlainStream {
  protected override send(bytes: Uint8Array): void {
    const size = `${bytes.length.toString(16)}\r\n`;
    if (bytes.length > joinBytesMax) {
      this.channel.sendPiece(size);
      this.channel.sendPiece(bytes);
      this.channel.sendPiece("\r\n");
      return;
    }
    const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2);
    chunk.write(size, 0, "latin1");
    chunk.set(bytes, size.length);
    chunk.write("\r\n", size.length + bytes.length, "latin1");
    this.channel.sendPiece(chunk);
  }

  protected override sendEnd(): void {
    this.channel.sendPiece("0\r\n\r\n");
  }

  /** The last chunk is missing, and that tells. */
  protected override sendAbort(): void {
    this.channel.end();
  }
}
