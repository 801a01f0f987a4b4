import { Answers } from "./answers.ts";
import { readCredit } from "./core/control-frames.ts";
import { frameType } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import { DiallerHandshake, type DiallerIdentity } from "./dialler-handshake.ts";
import { Exchanges } from "./exchanges.ts";
import type { Link } from "./link.ts";
import { RequestWriter } from "./request-writer.ts";

/** All that a caller's end has once the socket is open. */
export class Session {
  readonly link: Link;
  readonly handshake: DiallerHandshake;
  readonly exchanges: Exchanges;
  readonly #answers: Answers;
  readonly requests: RequestWriter;

  constructor(link: Link, dialler: DiallerIdentity) {
    this.link = link;
    this.handshake = new DiallerHandshake(link, dialler);
    this.exchanges = new Exchanges(link);
    this.#answers = new Answers(link, this.exchanges);
    this.requests = new RequestWriter(link);
  }
  /** A frame of a call, or of none that is known. */
  onFrame(frame: FrameView): void {
    switch (frame.type) {
      case frameType.RESPONSE:
        return this.#answers.onResponse(frame);
      case frameType.ERROR:
        return this.#answers.onError(frame);
      case frameType.DATA:
        return this.#answers.onData(frame);
      case frameType.END:
        return this.#answers.onEnd(frame);
      case frameType.WINDOW:
        return this.exchanges.onCredit(frame.streamId, readCredit(frame));
    }
  }
}
