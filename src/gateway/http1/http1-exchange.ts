import type { HeaderList } from "../../http/index.ts";
import type { AnswerStream, Exchange, TakenSocket } from "../exchange.ts";
import type { RepeatedAnswer } from "../repeated-answer.ts";
import { type AnswerHeads, type Framing, requestIdLength } from "./answer-head.ts";
import { ChunkedStream, PlainStream } from "./answer-stream.ts";
import type { IncomingBody } from "./incoming-body.ts";
import type { ReceivedHead } from "./received-head.ts";
import { ReceivedRequest } from "./received-request.ts";
import type { SocketWriter } from "./socket-writer.ts";

/** What an exchange needs of its connection. */
export interface ExchangeChannel {
  readonly heads: AnswerHeads;
  readonly bodyBytesMax: number;
  /** Whether nobody can be answered any more. */
  readonly isGone: boolean;
  /** Called once: whether the answer to this exchange must be the connection's last one. */
  isLastAnswer(exchange: Http1Exchange): boolean;
  readonly writer: Pick<SocketWriter, "send" | "sendBytes">;
  /** Sends a piece of a streamed answer, together with the others of this tick. */
  sendPiece(piece: Uint8Array | string): void;
  /** Undefined while there is room to send more. */
  room(): Promise<void> | undefined;
  /** The answer is handed over whole. */
  onAnswered(exchange: Http1Exchange): void;
  /** Stops speaking HTTP; still tells when the connection closes. */
  giveAway(onDrain: () => void): TakenSocket;
  destroy(): void;
  /** Ends the connection once what was sent is on its way. */
  end(): void;
}

interface WholeAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array | string;
}

/** A request of one connection and its answer. */
export class Http1Exchange extends ReceivedRequest implements Exchange {
  /** For the connection: the body as it is received. */
  readonly incoming: IncomingBody;
  readonly #channel: ExchangeChannel;
  #state: "open" | "streaming" | "answered" = "open";
  #isLast = false;

  constructor(channel: ExchangeChannel, received: ReceivedHead, incoming: IncomingBody) {
    super(received);
    this.#channel = channel;
    this.incoming = incoming;
  }

  /** Whether an answer has begun. */
  get isBegun(): boolean {
    return this.#state !== "open";
  }

  /** Whether the answer is complete. */
  get isAnswered(): boolean {
    return this.#state === "answered";
  }

  /** Whether the answer that was begun is the connection's last one. */
  get isLast(): boolean {
    return this.#isLast;
  }

  body(): Promise<Uint8Array> {
    return this.incoming.whole(this.#channel.bodyBytesMax);
  }

  bodyChunks(bytesMax = this.#channel.bodyBytesMax): AsyncIterable<Uint8Array> {
    return this.incoming.pieces(bytesMax);
  }

  answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    if (this.#canBegin()) this.#answer({ status, headers, body }, this.#channel.isLastAnswer(this));
  }

  #answer({ status, headers, body }: WholeAnswer, isLast: boolean): void {
    const hasLength = status !== 204 && status !== 304;
    // RFC 9110, section 15.3.6: an answer of 205 has no content, and says so.
    const content = status === 205 ? "" : body;
    const length = typeof content === "string" ? Buffer.byteLength(content) : content.length;
    const head = this.#writeHead(status, headers, {
      framing: hasLength ? length : "none",
      isLast,
    });
    this.#state = "answered";
    this.#isLast = isLast;
    this.#channel.writer.send(head, hasLength && this.method !== "HEAD" ? content : undefined);
    this.#channel.onAnswered(this);
  }

  answerAgain(answer: RepeatedAnswer): void {
    if (!this.#canBegin()) return;
    const isLast = this.#channel.isLastAnswer(this);
    const isUsual =
      !isLast &&
      answer.status === 200 &&
      this.method !== "HEAD" &&
      this.received.head.minorVersion === 1 &&
      (this.received.givenId?.length ?? requestIdLength) === requestIdLength;
    if (!isUsual) return this.#answer(answer, isLast);
    const { heads } = this.#channel;
    const written = answer.written ?? heads.writeWhole(answer);
    if (this.leaveId()) heads.ids.write(written.bytes, written.idAt);
    else written.bytes.write(this.requestId, written.idAt, "latin1");
    this.#state = "answered";
    answer.written = this.#channel.writer.sendBytes(written.bytes) ? written : undefined;
    this.#channel.onAnswered(this);
  }

  stream(status: number, headers: HeaderList, length?: number): AnswerStream {
    if (!this.#canBegin()) return new PlainStream(this.#channel, { hasBody: false, onEnd() {} });
    const hasBody = this.method !== "HEAD" && status !== 204 && status !== 205 && status !== 304;
    const isChunked = length === undefined && this.received.head.minorVersion === 1;
    // Who knows neither the length nor chunks knows the end of the body by the end of the connection.
    const isUntilClose = hasBody && length === undefined && !isChunked;
    const isLast = isUntilClose || this.#channel.isLastAnswer(this);
    const bare = status === 205 ? 0 : this.method === "HEAD" ? (length ?? "none") : "none";
    const framing = isUntilClose ? "until close" : isChunked ? "chunked" : (length ?? "none");
    const head = this.#writeHead(status, headers, { framing: hasBody ? framing : bare, isLast });
    this.#state = "streaming";
    this.#isLast = isLast;
    this.#channel.sendPiece(head);
    const what = {
      hasBody,
      onEnd: () => {
        this.#state = "answered";
        this.#channel.onAnswered(this);
      },
    };
    return hasBody && isChunked
      ? new ChunkedStream(this.#channel, what)
      : new PlainStream(this.#channel, what);
  }

  takeOver(onDrain: () => void): TakenSocket | undefined {
    if (!this.#canBegin() || !this.incoming.isDone) return undefined;
    this.#state = "streaming";
    return this.#channel.giveAway(onDrain);
  }

  #canBegin(): boolean {
    if (this.#state !== "open") throw new Error("a request is answered once");
    return !this.#channel.isGone;
  }

  #writeHead(
    status: number,
    headers: HeaderList,
    { framing, isLast }: { framing: Framing; isLast: boolean },
  ): string {
    const connection = isLast
      ? "close"
      : this.received.head.minorVersion === 0
        ? "keep-alive"
        : undefined;
    return this.#channel.heads.write(status, headers, {
      requestId: this.requestId,
      framing,
      connection,
    });
  }
}
