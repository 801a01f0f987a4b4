/** A request of HTTP/2 and its answer: one stream of a session. */
import { Buffer } from "node:buffer";
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { HeaderList } from "../../http/index.ts";
import type { ConnectionOwner } from "../connection-owner.ts";
import { type AnswerStream, ClientGone, type Exchange } from "../exchange.ts";
import {
  isEngineField,
  Patience,
  type ReceivedHead,
  ReceivedRequest,
  refuseBadField,
} from "../http1/index.ts";
import type { RepeatedAnswer } from "../repeated-answer.ts";
import { Http2Body } from "./http2-body.ts";

export class Http2Exchange extends ReceivedRequest implements Exchange {
  readonly #stream: ServerHttp2Stream;
  readonly #owner: ConnectionOwner;
  readonly #body: Http2Body;
  /** With one who reads the answer. */
  readonly #patience = new Patience();
  #state: "open" | "streaming" | "answered" = "open";

  constructor(stream: ServerHttp2Stream, received: ReceivedHead, owner: ConnectionOwner) {
    super(received);
    this.#stream = stream;
    this.#owner = owner;
    this.#body = new Http2Body(stream, received.sound.bodyLength, owner.limits);
    stream.on("drain", () => this.#patience.end());
    stream.on("finish", () => this.#patience.end());
    stream.on("close", () => this.abort());
  }

  /** Whether an answer has begun. */
  get isBegun(): boolean {
    return this.#state !== "open";
  }

  get isAnswered(): boolean {
    return this.#state === "answered";
  }

  /** Time passed. */
  charge(ms: number): void {
    this.#body.charge(ms);
    if (this.#patience.charge(ms)) this.breakOff();
  }

  /** Resets the stream. `close` with a code would end the body first, in good order, and half an answer would look like a whole one. */
  breakOff(): void {
    this.#stream.destroy(new Error("the answer is broken off"));
  }

  body(): Promise<Uint8Array> {
    this.#askForBody();
    return this.#body.whole(this.#owner.bodyBytesMax);
  }

  bodyChunks(bytesMax = this.#owner.bodyBytesMax): AsyncIterable<Uint8Array> {
    this.#askForBody();
    return this.#body.pieces(bytesMax);
  }

  answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    if (!this.#canBegin()) return;
    const content = status === 204 || status === 304 || status === 205 ? "" : body;
    const length = typeof content === "string" ? Buffer.byteLength(content) : content.length;
    const fields = this.#fields(status, headers);
    if (status !== 204 && status !== 304) fields["content-length"] = length;
    this.#state = "answered";
    const hasBody = length > 0 && this.method !== "HEAD";
    this.#stream.respond(fields, { endStream: !hasBody });
    if (hasBody) this.#stream.end(content);
    this.#expectRead();
    this.#leaveRest();
  }

  answerAgain({ status, headers, body }: RepeatedAnswer): void {
    this.answer(status, headers, body);
  }

  stream(status: number, headers: HeaderList, length?: number): AnswerStream {
    const hasBody = this.method !== "HEAD" && status !== 204 && status !== 205 && status !== 304;
    if (this.#canBegin()) {
      const fields = this.#fields(status, headers);
      if (length !== undefined && (hasBody || this.method === "HEAD"))
        fields["content-length"] = length;
      this.#stream.respond(fields);
      this.#state = "streaming";
    }
    return {
      write: (bytes) => {
        if (this.#state === "answered") throw new Error("the answer has ended");
        if (!this.#stream.writable) return gone();
        return hasBody ? this.#write(bytes) : undefined;
      },
      end: () => {
        this.#state = "answered";
        this.#stream.end();
        this.#expectRead();
        this.#leaveRest();
      },
      abort: () => {
        this.#state = "answered";
        this.breakOff();
      },
    };
  }

  /** Other streams are on the same connection. */
  takeOver(): undefined {
    return undefined;
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#stream.write(bytes)) return undefined;
    this.#expectRead();
    if (this.#stream.writableLength > this.#owner.limits.answerQueueBytesMax) this.breakOff();
    const room = new Promise<void>((resolve, reject) => {
      const onDrain = () => {
        this.#stream.off("close", onClose);
        resolve();
      };
      const onClose = () => {
        this.#stream.off("drain", onDrain);
        reject(new ClientGone());
      };
      this.#stream.once("drain", onDrain).once("close", onClose);
    });
    room.catch(ignored);
    return room;
  }

  #canBegin(): boolean {
    if (this.#state !== "open") throw new Error("a request is answered once");
    return !this.#stream.closed && !this.#stream.destroyed;
  }

  #fields(status: number, headers: HeaderList): OutgoingHttpHeaders {
    const fields: Record<string, number | string | string[]> = Object.create(null);
    fields[":status"] = status;
    fields["x-request-id"] = this.requestId;
    for (const [name, value] of headers) {
      if (isEngineField(name)) continue;
      refuseBadField(name, value);
      const lower = name.toLowerCase();
      const former = fields[lower];
      if (former === undefined) fields[lower] = value;
      else fields[lower] = [former as string | string[], value].flat();
    }
    return fields;
  }

  #askForBody(): void {
    if (this.sound.expectsContinue && !this.#stream.headersSent && !this.#stream.closed)
      this.#stream.additionalHeaders({ ":status": 100 });
  }

  #expectRead(): void {
    const { pauseMsMax, bytesPerSecondMin } = this.#owner.limits;
    this.#patience.begin(pauseMsMax + (this.#stream.writableLength * 1_000) / bytesPerSecondMin);
  }

  /** What nobody read of the request is not sent any more: RFC 9113, section 8.1. */
  #leaveRest(): void {
    if (this.#stream.endAfterHeaders || this.#stream.readableEnded) return;
    const close = () => this.#stream.close(constants.NGHTTP2_NO_ERROR);
    if (this.#stream.writableFinished) close();
    else this.#stream.once("finish", close);
  }
}

/** A writer that does not wait for room must not bring the process down when there never will be. */
function ignored(): void {}

function gone(): Promise<void> {
  const promise = Promise.reject(new ClientGone());
  promise.catch(ignored);
  return promise;
}
