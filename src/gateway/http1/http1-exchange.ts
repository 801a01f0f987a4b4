import { randomUUID } from "node:crypto";
import type { HeaderList, Target } from "../../http/index.ts";
import type { AnswerStream, Exchange } from "../exchange.ts";
import type { Client } from "../trusted-proxies.ts";
import type { AnswerHeads, Framing } from "./answer-head.ts";
import { ChunkedStream, PlainStream } from "./answer-stream.ts";
import type { ParsedHead } from "./core/parsed-head.ts";
import type { SoundHead } from "./core/request-head.ts";
import type { IncomingBody } from "./incoming-body.ts";

/** What an exchange needs of its connection. */
export interface ExchangeChannel {
  readonly heads: AnswerHeads;
  readonly bodyBytesMax: number;
  /** Whether nobody can be answered any more. */
  readonly isGone: boolean;
  /** Whether the answer to this exchange must be the connection's last one. */
  isLastAnswer(exchange: Http1Exchange): boolean;
  send(head: string, body: Uint8Array | string | undefined): void;
  /** Sends a piece of a streamed answer, together with the others of this tick. */
  sendPiece(piece: Uint8Array | string): void;
  /** Undefined while there is room to send more. */
  room(): Promise<void> | undefined;
  /** The answer is handed over whole. */
  onAnswered(exchange: Http1Exchange): void;
  destroy(): void;
  /** Ends the connection once what was sent is on its way. */
  end(): void;
}

/** `OPTIONS *` asks about the server, so it has no path. */
const asterisk: Target = {
  segments: [],
  path: "*",
  search: "",
  query: {},
  hasEncodedSlash: false,
  authority: undefined,
};
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** A request of one connection and its answer. */
export class Http1Exchange implements Exchange {
  readonly requestId: string;
  readonly method: string;
  readonly target: Target;
  readonly rawTarget: string;
  readonly host: string;
  readonly hasBody: boolean;
  /** For the connection: the body as it is received. */
  readonly incoming: IncomingBody;
  readonly sound: SoundHead;
  readonly #client: Client;
  readonly #head: ParsedHead;
  readonly #channel: ExchangeChannel;
  #state: "open" | "streaming" | "answered" = "open";
  #isLast = false;
  #isAborted = false;
  #abortListeners: (() => void)[] | undefined;

  constructor(
    channel: ExchangeChannel,
    what: { head: ParsedHead; sound: SoundHead; incoming: IncomingBody; client: Client },
  ) {
    this.#channel = channel;
    this.#client = what.client;
    this.#head = what.head;
    this.sound = what.sound;
    this.incoming = what.incoming;
    this.method = what.head.method;
    this.rawTarget = originForm(what.head.target);
    this.target = what.sound.target === "*" ? asterisk : what.sound.target;
    this.host = what.sound.host;
    this.hasBody = what.sound.bodyLength !== 0;
    const given = what.head.header("x-request-id");
    this.requestId = given !== undefined && requestIdPattern.test(given) ? given : randomUUID();
  }

  get headers(): readonly (readonly [string, string])[] {
    return this.#head.headers();
  }

  get remoteAddress(): string {
    return this.#client.address;
  }

  get scheme(): "http" | "https" {
    return this.#client.scheme;
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

  header(name: string): string | undefined {
    return this.#head.header(name);
  }

  body(): Promise<Uint8Array> {
    return this.incoming.whole(this.#channel.bodyBytesMax);
  }

  bodyChunks(bytesMax = this.#channel.bodyBytesMax): AsyncIterable<Uint8Array> {
    return this.incoming.pieces(bytesMax);
  }

  onAbort(listener: () => void): void {
    if (this.#isAborted) return listener();
    this.#abortListeners ??= [];
    this.#abortListeners.push(listener);
  }

  answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    if (!this.#canBegin()) return;
    const hasLength = status !== 204 && status !== 304;
    // RFC 9110, section 15.3.6: an answer of 205 has no content, and says so.
    const content = status === 205 ? "" : body;
    const length = typeof content === "string" ? Buffer.byteLength(content) : content.length;
    const isLast = this.#channel.isLastAnswer(this);
    const head = this.#writeHead(status, headers, {
      framing: hasLength ? length : "none",
      isLast,
    });
    this.#state = "answered";
    this.#isLast = isLast;
    this.#channel.send(head, hasLength && this.method !== "HEAD" ? content : undefined);
    this.#channel.onAnswered(this);
  }

  stream(status: number, headers: HeaderList, length?: number): AnswerStream {
    if (!this.#canBegin()) return new PlainStream(this.#channel, { hasBody: false, onEnd() {} });
    const hasBody = this.method !== "HEAD" && status !== 204 && status !== 205 && status !== 304;
    const isChunked = length === undefined && this.#head.minorVersion === 1;
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

  /** The client is gone: tells those who work for it. */
  abort(): void {
    if (this.#isAborted || this.#state === "answered") return;
    this.#isAborted = true;
    const listeners = this.#abortListeners ?? [];
    this.#abortListeners = undefined;
    for (const listener of listeners) listener();
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
    const connection = isLast ? "close" : this.#head.minorVersion === 0 ? "keep-alive" : undefined;
    return this.#channel.heads.write(status, headers, {
      requestId: this.requestId,
      framing,
      connection,
    });
  }
}

/** Without the host that an absolute target begins with: that is in `host`. */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const rest = target.replace(/^[^:]*:\/\/[^/?]*/, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}
