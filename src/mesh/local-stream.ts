import { Buffer } from "node:buffer";
import { DureError } from "../kit/index.ts";
import {
  type Body,
  IncomingMessages,
  type IncomingStream,
  type OutgoingStream,
  type WireFailure,
} from "../wire/index.ts";
import type { CallRequest } from "./client-stack.ts";
import { LocalCall } from "./local-call.ts";

/** What a writer may be ahead of its reader, in bytes: the credit that a stream has on a link. */
const aheadBytesMax = 256 * 1024;

/** A stream within the process: the same text, the same deadline, the same back-pressure as over a link, without the link. */
export class LocalStream extends LocalCall implements IncomingStream {
  readonly #messages = new IncomingMessages(
    (bytes) => this.#taken(bytes),
    () => this.cancel(),
  );
  #aheadBytes = 0;
  #wakeWriter: (() => void) | undefined;

  constructor(request: CallRequest) {
    super(request, request.head);
    this.observe({
      onOutcome: (outcome) => {
        if (outcome.ok) this.#messages.end();
        else this.#messages.fail(outcome.failure);
      },
    });
    this.onCancel(() => this.#wakeWriter?.());
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#messages[Symbol.asyncIterator]();
  }

  override stream(): OutgoingStream {
    this.begun();
    const isAhead = () => this.#aheadBytes >= aheadBytesMax;
    return {
      get queuedCount() {
        return isAhead() ? 1 : 0;
      },
      write: (message) => this.#write(message),
      end: () => this.respond(""),
      fail: (failure: WireFailure) => this.fail(failure),
    };
  }

  async #write(message: Body): Promise<void> {
    const bytes = typeof message === "string" ? Buffer.from(message) : Buffer.from(message);
    if (!this.isCancelled) {
      this.#aheadBytes += Math.max(bytes.length, 1);
      this.#messages.receive(bytes, true);
    }
    while (this.#aheadBytes >= aheadBytesMax && !this.isCancelled) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
    if (this.isCancelled) throw new DureError("CANCELLED", "the reader of the stream is gone");
  }

  #taken(bytes: number): void {
    this.#aheadBytes -= bytes;
    this.#wakeWriter?.();
  }
}
