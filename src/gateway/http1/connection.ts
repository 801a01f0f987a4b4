/**
 * One connection: requests in, answers out, one at a time and in order.
 *
 * ```
 *   idle --first byte--> head --complete--> at work --answered, body read--> idle ...
 *                          |                   |
 *                          +---- refused ------+---- last answer ----> ending ----> closed
 * ```
 *
 * Owns: the socket, what came in behind the request at work, how long the client may take. Tells the server when it is closed.
 * Invariants: (C1) one request is at work at a time; what comes behind it is left in the socket but for one read; (C2) after a refusal
 * nothing that comes is taken for a request; (C3) whoever waits for the client is told when it goes; (C4) every such wait has an end.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { BodyRefused } from "../../http/index.ts";
import type { ConnectionOwner, EdgeConnection } from "../connection-owner.ts";
import { ClientGone, type TakenSocket } from "../exchange.ts";
import type { AnswerHeads } from "./answer-head.ts";
import { Patience } from "./core/patience.ts";
import { type ExchangeChannel, Http1Exchange } from "./http1-exchange.ts";
import { IncomingBody } from "./incoming-body.ts";
import { ReceivedHead } from "./received-head.ts";
import { type Refused, sendRefusal } from "./refusal.ts";
import { RequestReader } from "./request-reader.ts";
import { SocketWriter } from "./socket-writer.ts";

export class Connection implements EdgeConnection, ExchangeChannel {
  readonly heads: AnswerHeads;
  readonly bodyBytesMax: number;
  readonly writer: SocketWriter;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader: RequestReader;
  readonly #patience = new Patience();
  #exchange: Http1Exchange | undefined;
  #rest: Buffer | undefined;
  #requestCount = 0;
  #isContinueDue = false;
  #isPaused = false;
  readonly #onWanted = () => this.#onBodyWanted();
  #onDrain: () => void = () => undefined;
  #isPeerDone = false;
  #isEnding = false;
  #isDraining = false;

  constructor(socket: Socket, owner: ConnectionOwner) {
    const { limits, headerBytesMax } = owner;
    this.#socket = socket;
    this.#owner = owner;
    this.heads = owner.heads;
    this.bodyBytesMax = owner.bodyBytesMax;
    const headLimits = { headerBytesMax, headersMax: limits.headersMax };
    this.#reader = new RequestReader(headLimits, owner.proxies.readerFor(socket));
    this.writer = new SocketWriter(socket, limits, () => this.#takeRest());
    this.#patience.begin(limits.keepAliveMs);
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("end", () => this.#onPeerEnd());
    socket.on("close", () => this.#onClose());
    // The close that follows says all that matters.
    socket.on("error", () => {});
  }

  get isBusy(): boolean {
    return this.#exchange !== undefined;
  }

  get isGone(): boolean {
    return this.#isEnding || this.#socket.destroyed;
  }

  charge(ms: number): void {
    this.#reader.charge();
    if (this.writer.charge(ms)) this.destroy();
    else if (!this.#isPaused && this.#patience.charge(ms)) this.#onTooSlow();
  }

  /** Closes if no request has begun; otherwise its answer will be the last. */
  drain(): void {
    this.#isDraining = true;
    this.#onDrain();
    if (!this.#exchange && this.#reader.isEmpty) this.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  isLastAnswer({ sound, incoming }: Http1Exchange): boolean {
    const { unreadBytesMax, requestsPerConnectionMax } = this.#owner.limits;
    return (
      !sound.isPersistent ||
      this.#isPeerDone ||
      this.#owner.endsNext() ||
      this.#requestCount >= requestsPerConnectionMax ||
      incoming.bytesLeft > unreadBytesMax ||
      // Whoever waits for leave to send the body may send it now or not: nobody can tell what the next bytes are.
      this.#isContinueDue
    );
  }

  sendPiece(piece: Uint8Array | string): void {
    this.writer.sendPiece(piece);
  }

  giveAway(onDrain: () => void): TakenSocket {
    this.#onDrain = onDrain;
    for (const event of ["data", "end", "drain"]) this.#socket.removeAllListeners(event);
    return { socket: this.#socket, rest: this.#rest ?? Buffer.alloc(0) };
  }

  room(): Promise<void> | undefined {
    return this.writer.room();
  }

  onAnswered(exchange: Http1Exchange): void {
    if (exchange !== this.#exchange || this.#isEnding) return;
    if (exchange.isLast || this.#isDraining) return this.end();
    exchange.incoming.discard();
    this.#updateFlow();
    if (exchange.incoming.isDone) this.#next();
    else if (exchange.incoming.bytesLeft > this.#owner.limits.unreadBytesMax) this.end();
  }

  #take(bytes: Buffer): void {
    if (this.#isEnding) return;
    let at = 0;
    while (at < bytes.length && !this.isGone) {
      const exchange = this.#exchange;
      if (exchange && !exchange.incoming.isDone) at = this.#takeBody(exchange, bytes, at);
      else if (exchange || this.writer.isFull) {
        const rest = at === 0 ? bytes : bytes.subarray(at);
        this.#rest = this.#rest ? Buffer.concat([this.#rest, rest]) : rest;
        break;
      } else at = this.#takeHead(bytes, at);
    }
    this.#updateFlow();
  }

  #takeRest(): void {
    const rest = this.#rest;
    if (!rest || this.#exchange || this.writer.isFull || this.#isEnding) return;
    this.#rest = undefined;
    this.#take(rest);
  }

  #takeBody({ incoming, isAnswered }: Http1Exchange, bytes: Buffer, from: number): number {
    const end = incoming.push(bytes, from);
    this.#patience.earn(((end - from) * 1_000) / this.#owner.limits.bytesPerSecondMin);
    if (!incoming.isDone) {
      if (isAnswered && incoming.bytesLeft > this.#owner.limits.unreadBytesMax) this.end();
      return end;
    }
    this.#isContinueDue = false;
    this.#patience.end();
    if (isAnswered) this.#next();
    return end;
  }

  #takeHead(bytes: Buffer, from: number): number {
    const isFirst = this.#reader.isEmpty;
    const received = this.#reader.read(bytes, from);
    if (!(received instanceof ReceivedHead)) {
      if (received) this.#refuse(received.status, received.detail, received.head);
      else if (isFirst) this.#patience.begin(this.#owner.limits.headMsMax);
      return bytes.length;
    }
    const { end } = this.#reader;
    const exchange = this.#begin(received);
    // What is there of the body comes first: whoever has it all needs neither to wait nor to ask for it.
    const behind = exchange.incoming.isDone ? end : this.#takeBody(exchange, bytes, end);
    this.#work(exchange);
    return behind;
  }

  #begin(received: ReceivedHead): Http1Exchange {
    const { sound } = received;
    this.#requestCount += 1;
    this.#isContinueDue = sound.expectsContinue;
    const incoming = new IncomingBody(sound.bodyLength, this.#onWanted);
    const exchange = new Http1Exchange(this, received, incoming);
    this.#exchange = exchange;
    if (incoming.isDone) this.#patience.end();
    else this.#patience.begin(this.#owner.limits.pauseMsMax);
    return exchange;
  }

  #work(exchange: Http1Exchange): void {
    if (exchange.sound.target === "*") return exchange.answer(204, [], "");
    let working: void | Promise<void>;
    try {
      working = this.#owner.onExchange(exchange);
    } catch (error) {
      return this.#onSettled(exchange, error);
    }
    if (!working) return this.#onSettled(exchange, undefined);
    working.then(
      () => this.#onSettled(exchange, undefined),
      (error) => this.#onSettled(exchange, error),
    );
  }

  #onSettled(exchange: Http1Exchange, error: unknown): void {
    if (error !== undefined) this.#owner.onFailed(exchange, error);
    if (exchange !== this.#exchange || exchange.isAnswered) return;
    if (exchange.isBegun) {
      if (error !== undefined) this.destroy();
    } else if (error instanceof ClientGone || this.#isPeerDone) this.end();
    else if (error instanceof BodyRefused) this.#refuse(error.status, error.message, exchange);
    else this.#refuse(500, "the gateway failed; its log says why", exchange);
  }

  /** Answers with a problem and ends: what follows on this connection may be the rest of what was refused. */
  #refuse(status: number, detail: string, refused?: Refused): void {
    sendRefusal(this, { status, detail }, refused);
    this.end();
  }

  #next(): void {
    this.#exchange = undefined;
    if (this.#isPeerDone || this.#isDraining) return this.end();
    this.#patience.begin(this.#owner.limits.keepAliveMs);
    this.#takeRest();
  }

  /** Nothing more is answered. What still comes is thrown away for a while: a reset could overtake the answer. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#rest = undefined;
    this.#patience.end();
    this.writer.end(() => this.#patience.begin(this.#owner.limits.lingerMs));
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.incoming.fail(new ClientGone());
    exchange?.abort();
    this.#updateFlow();
  }

  #onBodyWanted(): void {
    if (this.#isContinueDue) {
      this.#isContinueDue = false;
      if (!this.#exchange?.incoming.hasBegun && !this.#exchange?.isBegun)
        this.writer.send("HTTP/1.1 100 Continue\r\n\r\n", undefined);
    }
    this.#updateFlow();
  }

  #updateFlow(): void {
    const queued = this.#exchange?.incoming.queuedBytes ?? 0;
    const isPaused =
      !this.#isEnding &&
      (this.#rest !== undefined || queued >= this.#owner.limits.bodyQueueBytesMax);
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  #onTooSlow(): void {
    const exchange = this.#exchange;
    if (this.#isEnding || exchange?.isBegun) this.destroy();
    else if (exchange) exchange.incoming.fail(new BodyRefused(408, "the body took too long"));
    else if (this.#reader.isEmpty) this.end();
    else this.#refuse(408, "the request's head took too long");
  }

  /**
   * The client ends its side. That is how clients leave, and a few only say that they have sent all: those who work are told, and
   * an answer that comes all the same is sent.
   */
  #onPeerEnd(): void {
    this.#isPeerDone = true;
    const exchange = this.#exchange;
    if (!exchange || exchange.isAnswered) return this.end();
    if (!exchange.incoming.isDone) exchange.incoming.fail(new ClientGone());
    exchange.abort();
  }

  #onClose(): void {
    const exchange = this.#exchange;
    this.#isEnding = true;
    this.#exchange = undefined;
    this.#rest = undefined;
    this.writer.onClosed();
    exchange?.incoming.fail(new ClientGone());
    exchange?.abort();
    this.#owner.onClosed(this);
  }
}
