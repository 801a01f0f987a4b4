/**
 * One connection to an upstream: a request, its answer, the next request.
 *
 * Invariants: (T1) one request at a time, and the next one only after all of both bodies went over; (T2) a byte that nobody asked for,
 * before a request or behind an answer, ends the connection: it could be taken for the answer to somebody else; (T3) an answer that
 * is known to be false before its head is passed on is a failure, later it breaks off; (T4) every wait has an end.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { endToEndHeaders } from "../../http/index.ts";
import { afterInBackground, asError, now, type Timer } from "../../kit/index.ts";
import type { Answer } from "../answer.ts";
import { type AnswerFraming, judgeAnswer } from "./core/answer-framing.ts";
import { type AnswerHead, AnswerHeadReader } from "./core/answer-head-reader.ts";
import { switchRefusal, type WebSocketAsk } from "./judge-switch.ts";
import type { UpstreamLimits } from "./limits.ts";
import { UpstreamBody } from "./upstream-body.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import { type RequestBody, type UpstreamRequest, writeRequestHead } from "./upstream-request.ts";

/** Whom a connection tells what becomes of it. */
export interface UpstreamConnectionOwner {
  /** It may be used again. */
  onIdle(connection: UpstreamConnection): void;
  /** It is used for as long as its client likes, and for nobody else after that. */
  onLongLived(connection: UpstreamConnection): void;
  onClosed(connection: UpstreamConnection): void;
}

/** A request at work. */
interface Work {
  readonly method: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onAbort: () => void;
  readonly signal: AbortSignal;
  readonly answerMsMax: number;
  readonly webSocket: WebSocketAsk | undefined;
  body: UpstreamBody | undefined;
  isPersistent: boolean;
  isSent: boolean;
  interimCount: number;
}

export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #limits: UpstreamLimits;
  readonly #owner: UpstreamConnectionOwner;
  readonly #reader: AnswerHeadReader;
  #work: Work | undefined;
  #lastByteAt = 0;
  #watch: Timer | undefined;
  #isHeldBack = false;
  readonly #onBytes = (bytes: Buffer) => this.#onData(bytes);
  readonly #onPeerEnd = () => this.#onEnd();

  /** @param socket connected. */
  constructor(socket: Socket, limits: UpstreamLimits, owner: UpstreamConnectionOwner) {
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
    this.#reader = new AnswerHeadReader(limits);
    socket.on("data", this.#onBytes);
    socket.on("end", this.#onPeerEnd);
    socket.on("error", (error) => this.#fail(`the connection broke: ${error.message}`));
    socket.on("close", () => {
      this.#fail("the connection was closed without an answer");
      owner.onClosed(this);
    });
  }

  get isOpen(): boolean {
    return this.#socket.writable && this.#socket.readable;
  }

  /** Sends a request. Resolves with the answer's head, rejects with {@link UpstreamFailure} or what the request's body throws. */
  send(request: UpstreamRequest, answerMsMax: number): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { method, signal, body, webSocket } = request;
    const onAbort = () => this.#fail("nobody waits for the answer any more");
    const work: Work = {
      ...{ method, resolve, reject, onAbort, signal, answerMsMax, webSocket },
      ...{ body: undefined, isPersistent: false, isSent: body === undefined, interimCount: 0 },
    };
    this.#work = work;
    signal.addEventListener("abort", onAbort, { once: true });
    this.#lastByteAt = now();
    this.#watchFor(answerMsMax);
    this.#socket.write(writeRequestHead(request), "latin1");
    if (body) void this.#sendBody(work, body);
    return promise;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #sendBody(work: Work, body: RequestBody): Promise<void> {
    const isChunked = body.length === "chunked";
    try {
      for await (const piece of body.pieces()) {
        if (this.#work !== work || work.body?.isDone) return;
        this.#lastByteAt = now();
        if (piece.length === 0) continue;
        if (isChunked) this.#socket.write(`${piece.length.toString(16)}\r\n`, "latin1");
        let hasRoom = this.#socket.write(piece);
        if (isChunked) hasRoom = this.#socket.write("\r\n", "latin1");
        if (!hasRoom) await this.#room();
      }
      if (isChunked) this.#socket.write("0\r\n\r\n", "latin1");
      work.isSent = true;
      if (work.body?.isDone) this.#finish(work);
    } catch (thrown) {
      // The client's failure, not the upstream's: it is told as what it is.
      work.reject(asError(thrown));
      this.#fail("the request's body broke off");
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.#socket.off("drain", settle).off("close", settle);
        resolve();
      };
      this.#socket.on("drain", settle).on("close", settle);
    });
  }

  #onData(bytes: Buffer): void {
    const work = this.#work;
    // (T2)
    if (!work) return this.destroy();
    this.#lastByteAt = now();
    let at = 0;
    let head: AnswerHead | undefined;
    let { body } = work;
    while (!body) {
      const found = this.#reader.read(bytes, at);
      if (this.#reader.refusal !== undefined) return this.#fail(this.#reader.refusal);
      if (!found) return;
      at = found.end;
      head = found.head;
      if (head.status === 101 && work.webSocket)
        return this.#switch(work, work.webSocket, head, bytes.subarray(at));
      if (head.status < 200) {
        const refusal = refusalOfInterim(work, head, this.#limits.interimMax);
        if (refusal !== undefined) return this.#fail(refusal);
        if (at === bytes.length) return;
        continue;
      }
      const framing = judgeAnswer(head, work.method);
      if (typeof framing === "string") return this.#fail(framing);
      body = this.#begin(work, framing, head);
    }
    at = body.push(bytes, at);
    if (body.failure) return this.#fail(body.failure.message);
    if (at < bytes.length) {
      work.isPersistent = false;
      if (head) return this.#fail("more came than one answer");
    }
    if (head) this.#deliver(work, head, body);
    if (body.isDone) this.#finish(work);
  }

  /** Speaks HTTP no more. */
  #switch(work: Work, ask: WebSocketAsk, head: AnswerHead, rest: Buffer): void {
    const refusal = switchRefusal(head, ask);
    if (refusal !== undefined) return this.#fail(refusal);
    this.#leave(work);
    const socket = this.#socket;
    socket.off("data", this.#onBytes).off("end", this.#onPeerEnd).pause();
    this.#owner.onLongLived(this);
    const headers = endToEndHeaders(head.headers);
    work.resolve({ status: 101, headers, body: Buffer.alloc(0), taken: { socket, rest } });
  }

  #begin(work: Work, framing: AnswerFraming, head: AnswerHead): UpstreamBody {
    const { bodyLength, statedLength } = framing;
    const isEvents = hasEvents(head) && bodyLength !== 0;
    work.isPersistent = framing.isPersistent && !isEvents;
    if (isEvents) this.#owner.onLongLived(this);
    work.body = new UpstreamBody(
      bodyLength,
      {
        onFlow: (isWanted) => this.#holdBack(!isWanted),
        onCancelled: () => this.#fail("nobody reads the answer any more"),
      },
      statedLength,
    );
    this.#watchFor(isEvents ? this.#limits.idleMs : this.#limits.pauseMsMax);
    return work.body;
  }

  #deliver(work: Work, { status, headers }: AnswerHead, body: UpstreamBody): void {
    // An answer to HEAD has no body and may state a length all the same.
    const isBare = work.method === "HEAD";
    const whole = isBare ? undefined : body.takeWhole();
    work.resolve({ status, headers: endToEndHeaders(headers), body: whole ?? body });
  }

  /** The answer is complete. */
  #finish(work: Work): void {
    if (work.isPersistent && !work.isSent) return;
    this.#leave(work);
    this.#holdBack(false);
    if (work.isPersistent && this.isOpen) this.#owner.onIdle(this);
    else this.destroy();
  }

  #onEnd(): void {
    const work = this.#work;
    work?.body?.onPeerEnd();
    if (work?.body?.isDone) {
      work.isPersistent = false;
      this.#leave(work);
    } else this.#fail("the connection ended without a whole answer");
    this.destroy();
  }

  #fail(reason: string): void {
    const work = this.#work;
    if (!work) return;
    this.#leave(work);
    const failure = new UpstreamFailure(502, reason, "unknown");
    work.body?.fail(failure);
    work.reject(failure);
    this.destroy();
  }

  #leave(work: Work): void {
    this.#work = undefined;
    this.#watch?.cancel();
    work.signal.removeEventListener("abort", work.onAbort);
  }

  #holdBack(isHeldBack: boolean): void {
    if (this.#isHeldBack === isHeldBack) return;
    this.#isHeldBack = isHeldBack;
    this.#lastByteAt = now();
    if (isHeldBack) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Fails the request if nothing goes over for so long, unless its own reader holds it up. */
  #watchFor(silenceMsMax: number): void {
    this.#watch?.cancel();
    const silentMs = this.#isHeldBack ? 0 : now() - this.#lastByteAt;
    this.#watch = afterInBackground(Math.max(silenceMsMax - silentMs, 1), () => {
      if (this.#isHeldBack || now() - this.#lastByteAt < silenceMsMax)
        return this.#watchFor(silenceMsMax);
      const reason = `nothing came for ${silenceMsMax} ms`;
      this.#work?.reject(new UpstreamFailure(504, reason, "unknown"));
      this.#fail(reason);
    });
  }
}

/** Whether an answer is a stream of server-sent events, which are silent while nothing happens. */
function hasEvents({ headers }: AnswerHead): boolean {
  const type = headers.find(([name]) => name === "content-type")?.[1] ?? "";
  return /^text\/event-stream\b/i.test(type);
}

/** Interim answers concern the connection alone here (RFC 9110, section 15.2): they are counted and dropped. */
function refusalOfInterim(
  work: Work,
  { status }: AnswerHead,
  countMax: number,
): string | undefined {
  if (status === 101) return "it switches protocols, and nobody asked for that";
  work.interimCount += 1;
  return work.interimCount > countMax ? "it sends interim answers without end" : undefined;
}
