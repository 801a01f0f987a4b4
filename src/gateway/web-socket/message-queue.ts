import type { RawData, WebSocket } from "ws";

/** Messages that wait for the operation; with so many the client is held back. */
const messagesMax = 16;
/** RFC 6455, section 7.4.1: the type of data cannot be accepted. */
const noBinary = 1003;

/** What a client sends, one message after the other. It ends with an empty message, or when the client leaves. */
export class MessageQueue implements AsyncIterable<Uint8Array> {
  readonly #socket: WebSocket;
  readonly #messages: Uint8Array[] = [];
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: RawData, isBinary: boolean) => {
      if (isBinary) return socket.close(noBinary, "send text");
      if (data.toString() === "") return this.#end();
      // Of two lines in one message one would be a second item.
      const text = data.toString().replace(/[\r\n]+/g, " ");
      this.#messages.push(Buffer.from(text));
      if (this.#messages.length >= messagesMax) socket.pause();
      this.#wake();
    });
    socket.on("close", () => this.#end());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message) {
        if (this.#socket.isPaused) this.#socket.resume();
        yield message;
      } else if (this.#hasEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }
}
