/**
 * One connection that speaks HTTP/2 (RFC 9113). Frames and header compression are nghttp2's, by `node:http2`; which requests are
 * sound, how long a client may take and how much it may ask for is decided as for HTTP/1.1.
 *
 * What is bounded, and by whom:
 *
 *   streams at a time, fields, their bytes   settings; more resets the stream (nghttp2, node:http2)
 *   CONTINUATION frames of one head          8 (nghttp2, since CVE-2024-28182)
 *   resets, refusals, PING, SETTINGS         {@link FrameBudget}; then GOAWAY ENHANCE_YOUR_CALM
 *   slow bodies and readers                  each exchange's patience
 *   idle connections, requests, connections  as for HTTP/1.1
 */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { BodyRefused, gatewayProblem } from "../../http/index.ts";
import type { ConnectionOwner, EdgeConnection } from "../connection-owner.ts";
import { ClientGone } from "../exchange.ts";
import { judgeHead, Patience, ReceivedHead } from "../http1/index.ts";
import type { ClientReader } from "../trusted-proxies.ts";
import { FrameBudget } from "./core/frame-budget.ts";
import { headOfFields } from "./core/head-of-fields.ts";
import { Http2Exchange } from "./http2-exchange.ts";

/** What RFC 9113, section 6.5.2, has as the least that is advisable. */
const streamsMax = 100;
/** Of one connection, for all bodies together; Envoy's advice for edges. */
const windowBytes = 1024 * 1024;
/** As many at once as nghttp2 takes by default of resets, and a fraction of its rate of refilling for frames that cost as little. */
const idleFramesMax = 1_000;
const idleFramesPerSecond = 33;
const pseudoFields = 4;

export class Http2Connection implements EdgeConnection {
  readonly #owner: ConnectionOwner;
  readonly #session: ServerHttp2Session;
  readonly #clientOf: ClientReader;
  readonly #exchanges = new Set<Http2Exchange>();
  readonly #budget = new FrameBudget(idleFramesMax, idleFramesPerSecond);
  readonly #patience = new Patience();
  #requestCount = 0;

  constructor(socket: Socket, owner: ConnectionOwner) {
    const { limits, headerBytesMax } = owner;
    this.#owner = owner;
    this.#clientOf = owner.proxies.readerFor(socket);
    this.#session = performServerHandshake(socket, {
      // Up to twice as many are answered with 431; of more, node:http2 resets the stream.
      maxHeaderListPairs: 2 * limits.headersMax + pseudoFields,
      settings: {
        enablePush: false,
        maxConcurrentStreams: streamsMax,
        maxHeaderListSize: headerBytesMax,
      },
    });
    this.#session.setLocalWindowSize(windowBytes);
    this.#patience.begin(limits.keepAliveMs);
    this.#session.on("stream", (stream, _headers, flags, fields) => {
      const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
      this.#onStream(stream, fields as unknown as string[], hasBody);
    });
    this.#session.on("ping", () => this.#onIdleFrame());
    this.#session.on("remoteSettings", () => this.#onIdleFrame());
    this.#session.on("close", () => owner.onClosed(this));
    // The close that follows says all that matters.
    this.#session.on("error", () => {});
  }

  get isBusy(): boolean {
    return this.#exchanges.size > 0;
  }

  charge(ms: number): void {
    this.#budget.refill(ms);
    for (const exchange of this.#exchanges) exchange.charge(ms);
    if (!this.#patience.charge(ms)) return;
    // Idle for too long; and if it was told so, for how long it may read that.
    if (this.#session.closed) return this.#session.destroy();
    this.drain();
  }

  drain(): void {
    this.#session.close();
    if (this.#exchanges.size === 0) this.#patience.begin(this.#owner.limits.lingerMs);
  }

  #onStream(stream: ServerHttp2Stream, fields: readonly string[], hasBody: boolean): void {
    stream.on("error", () => {});
    stream.on("aborted", () => this.#onIdleFrame());
    this.#requestCount += 1;
    if (this.#owner.endsNext() || this.#requestCount >= this.#owner.limits.requestsPerConnectionMax)
      this.#session.close();
    const received = this.#receive(fields, hasBody);
    if ("status" in received) {
      this.#onIdleFrame();
      return refuse(stream, received);
    }
    const exchange = new Http2Exchange(stream, received, this.#owner);
    this.#exchanges.add(exchange);
    this.#patience.end();
    stream.on("close", () => this.#onStreamClosed(exchange));
    void this.#work(exchange, stream);
  }

  #receive(fields: readonly string[], hasBody: boolean): ReceivedHead | Refusal {
    const head = headOfFields(fields, hasBody);
    if ("status" in head) return head;
    const { headersMax } = this.#owner.limits;
    if (head.fieldCount > headersMax)
      return { status: 431, detail: `the request has more than ${headersMax} header fields` };
    const sound = judgeHead(head);
    if ("status" in sound) return sound;
    const client = this.#clientOf((name) => head.header(name));
    if ("refusal" in client) return { status: 400, detail: client.refusal };
    return new ReceivedHead(head, sound, client);
  }

  async #work(exchange: Http2Exchange, stream: ServerHttp2Stream): Promise<void> {
    if (exchange.sound.target === "*") return exchange.answer(204, [], "");
    try {
      await this.#owner.onExchange(exchange);
    } catch (error) {
      this.#owner.onFailed(exchange, error);
      if (exchange.isBegun) {
        if (!exchange.isAnswered) exchange.breakOff();
      } else if (error instanceof BodyRefused) {
        refuse(stream, { status: error.status, detail: error.message }, exchange);
      } else if (!(error instanceof ClientGone)) {
        refuse(stream, { status: 500, detail: "the gateway failed; its log says why" }, exchange);
      }
    }
  }

  #onStreamClosed(exchange: Http2Exchange): void {
    this.#exchanges.delete(exchange);
    const { keepAliveMs, lingerMs } = this.#owner.limits;
    if (this.#exchanges.size === 0)
      this.#patience.begin(this.#session.closed ? lingerMs : keepAliveMs);
  }

  /** A frame that asks for nothing. */
  #onIdleFrame(): void {
    if (!this.#budget.spend() || this.#session.destroyed) return;
    const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;
    this.#session.destroy(
      new Error("too many frames without a request"),
      NGHTTP2_ENHANCE_YOUR_CALM,
    );
  }
}

interface Refusal {
  readonly status: number;
  readonly detail: string;
}

/** Answers with a problem document. Other streams go on: in HTTP/2 no request can be taken for a part of another. */
function refuse(stream: ServerHttp2Stream, refusal: Refusal, exchange?: Http2Exchange): void {
  if (stream.closed || stream.destroyed || stream.headersSent) return;
  const { status, detail } = refusal;
  const requestId = exchange?.requestId ?? randomUUID();
  const problem = gatewayProblem(status, detail, { requestId, path: exchange?.target.path ?? "/" });
  const text = JSON.stringify(problem);
  stream.respond({
    ":status": status,
    "content-type": "application/problem+json",
    "content-length": Buffer.byteLength(text),
    "x-request-id": requestId,
  });
  stream.end(text, () => stream.close(constants.NGHTTP2_NO_ERROR));
}
