import { Buffer } from "node:buffer";
import type { Exchange } from "./calls.ts";
import { Assembler } from "./core/assembler.ts";
import { frameFlag } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import { readFailure, readResponse } from "./core/head.ts";
import type { Exchanges } from "./exchanges.ts";
import type { Link } from "./link.ts";
import type { CallFailure } from "./types.ts";

/** Turns the frames that answer requests into outcomes and stream messages. */
export class Answers {
  readonly #link: Link;
  readonly #exchanges: Exchanges;

  constructor(link: Link, exchanges: Exchanges) {
    this.#link = link;
    this.#exchanges = exchanges;
  }

  onResponse(frame: FrameView): void {
    const exchange = this.#exchanges.get(frame.streamId);
    if (!exchange) return;
    const head = readResponse(frame);
    if ((frame.flags & frameFlag.END) !== 0) return this.#exchanges.succeed(exchange, head);
    const { totalBytes, body } = head;
    if ((totalBytes ?? 0) > this.#link.limits.messageBytesMax)
      return this.#exchanges.abort(exchange, this.#tooLarge(totalBytes ?? 0));
    exchange.answer = { head, body: new Assembler() };
    exchange.answer.body.push(body);
    const isStreamOpen = exchange.stream && (frame.flags & frameFlag.MORE) === 0;
    if (isStreamOpen) this.#exchanges.liftDeadline(exchange);
  }

  onData(frame: FrameView): void {
    const exchange = this.#exchanges.get(frame.streamId);
    const piece = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    const answer = exchange?.answer;
    if (!exchange || !answer) return this.#link.consumed(piece.length);
    const isLast = (frame.flags & frameFlag.MORE) === 0;
    const stream = answer.head.totalBytes === undefined ? exchange.stream : undefined;
    if (stream) stream.receive(piece, isLast);
    else answer.body.push(piece);
    const size = stream ? stream.partialBytes : answer.body.size;
    if (size > this.#link.limits.messageBytesMax)
      return this.#link.goAway("INVALID_ARGUMENT", "an answer is larger than it said");
    if (stream) return;
    // What fits into the credit that its stream begins with needs no more.
    if ((answer.head.totalBytes ?? size) > this.#link.limits.streamCreditBytes)
      this.#link.grant(frame.streamId, piece.length);
    else this.#link.consumed(piece.length);
    if (isLast) this.#exchanges.succeed(exchange, { ...answer.head, body: answer.body.take() });
  }

  onError(frame: FrameView): void {
    const exchange = this.#exchanges.get(frame.streamId);
    if (!exchange) return;
    const failure = readFailure(frame);
    this.#exchanges.fail(exchange, { ...failure, sent: failure.isStarted ? "answered" : "no" });
  }

  onEnd(frame: FrameView): void {
    const exchange: Exchange | undefined = this.#exchanges.get(frame.streamId);
    if (exchange) this.#exchanges.succeed(exchange, { body: noBytes });
  }

  #tooLarge(bytes: number): CallFailure {
    const { messageBytesMax } = this.#link.limits;
    const message = `the answer has ${bytes} bytes; the limit is ${messageBytesMax}`;
    return { code: "RESOURCE_EXHAUSTED", message, isStarted: true, sent: "answered" };
  }
}

const noBytes = Buffer.alloc(0);
