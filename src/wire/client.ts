/**
 * The caller's end of a link: dials one address, proves itself, sends requests, gives each its outcome.
 *
 * Invariants: (C1) every call gets exactly one outcome, at its deadline at the latest; (C2) only the link, the deadline, the
 * caller or the callee ends a call; (C3) a request that never reached the socket fails with `sent: "no"`.
 */
import { Buffer } from "node:buffer";
import { after, asError, DureError, now, TimerWheel } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { Exchange, IncomingMessages, type IncomingStream, type PendingCall } from "./calls.ts";
import { Assembler } from "./core/assembler.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import { readFailure, readResponseHead, writeRequestHead } from "./core/head.ts";
import { Sender } from "./core/sender.ts";
import {
  type Hello,
  isSameProof,
  mismatch,
  newNonce,
  proofOf,
  readHello,
  writeHello,
} from "./handshake.ts";
import { chunkBytes, defaultLimits, type WireLimits } from "./limits.ts";
import { Link, readCredit, readGoAway } from "./link.ts";
import { tcpTransport } from "./tcp-transport.ts";
import type { Address, Transport } from "./transport.ts";
import type { Body, CallFailure, OperationRef, PeerIdentity, RequestHead } from "./types.ts";

/** What a {@link Client} needs. */
export interface ClientOptions {
  readonly address: Address;
  readonly identity: PeerIdentity;
  /** Refuse to talk to any other node at this address. */
  readonly expectNodeId?: string | undefined;
  /** The shared secret of the mesh; it never crosses the wire. */
  readonly token?: string | undefined;
  /** Default: TCP. */
  readonly transport?: Transport | undefined;
  readonly limits?: Partial<WireLimits> | undefined;
  readonly logger?: Logger | undefined;
  /** Dialling and handshake must be over by then. Default 3,000 ms. */
  readonly connectTimeoutMs?: number | undefined;
}

/** Where a client is in its life; it goes from left to right, and `suspect` back to `ready`. */
export type ClientState = "idle" | "connecting" | "ready" | "suspect" | "draining" | "closed";

const deadlineWheel = new TimerWheel(4);

export class Client {
  readonly #options: ClientOptions;
  readonly #limits: WireLimits;
  readonly #logger: Logger;
  readonly #nonce = newNonce();
  readonly #exchanges = new Map<number, Exchange>();
  readonly #operationNumbers = new Map<OperationRef, number>();
  readonly #closeListeners = new Set<(error: DureError) => void>();
  #link: Link | undefined;
  #state: ClientState = "idle";
  #connecting: Promise<PeerIdentity> | undefined;
  #settleHandshake: ((result: PeerIdentity | DureError) => void) | undefined;
  #peer: PeerIdentity | undefined;
  #nextStreamId = 1;
  #closeError: DureError | undefined;
  #onIdle: (() => void) | undefined;
  /** Called when the peer becomes suspect: silent with a request pending. */
  onSuspect: (() => void) | undefined;
  /** Called when a suspect peer shows life. */
  onRecovered: (() => void) | undefined;
  /** Called when the peer asks for no more requests. */
  onDraining: (() => void) | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#logger = options.logger ?? silentLogger;
  }

  get state(): ClientState {
    return this.#state === "ready" && this.#link?.isSuspect ? "suspect" : this.#state;
  }

  /** Requests without an outcome. */
  get pendingCount(): number {
    return this.#exchanges.size;
  }

  /** Whether a request given now would only wait in the socket. */
  get isCongested(): boolean {
    return this.#link?.isCongested ?? false;
  }

  /** Who answered, once connected. */
  get peer(): PeerIdentity | undefined {
    return this.#peer;
  }

  /** When the peer's last byte came in, on the clock of `now()`. */
  get bytesReceivedAt(): number {
    return this.#link?.bytesReceivedAt ?? 0;
  }

  /**
   * Dials and shakes hands; many callers share one attempt. Rejects with UNAVAILABLE (nobody there), UNAUTHENTICATED (wrong
   * token), FAILED_PRECONDITION (version), PERMISSION_DENIED (another mesh) or NOT_FOUND (another node lives there now).
   */
  connect(): Promise<PeerIdentity> {
    this.#connecting ??= this.#dial();
    return this.#connecting;
  }

  /** Told once, when the link is gone, with the reason. */
  onClose(listener: (error: DureError) => void): void {
    if (this.#closeError) listener(this.#closeError);
    else this.#closeListeners.add(listener);
  }

  /** Sends a request and takes one answer. Never throws: what goes wrong is the outcome. */
  call(ref: OperationRef, head: RequestHead, body: Body): PendingCall {
    return this.#send(ref, head, body, false);
  }

  /** Sends a request whose answer is a stream of messages. */
  openStream(ref: OperationRef, head: RequestHead, body: Body): IncomingStream {
    const exchange = this.#send(ref, head, body, true);
    const messages = exchange.stream as IncomingMessages;
    return {
      outcome: exchange.outcome,
      cancel: () => exchange.cancel(),
      [Symbol.asyncIterator]: () => messages[Symbol.asyncIterator](),
    };
  }

  /** A round trip on the link itself, in ms. */
  ping(): Promise<number> {
    const link = this.#link;
    if (!link || link.isClosed) return Promise.reject(this.#notReady());
    return new Promise((resolve, reject) => {
      this.onClose(reject);
      link.ping().then((ms) => {
        this.#closeListeners.delete(reject);
        resolve(ms);
      }, reject);
    });
  }

  /** Takes no more calls, waits for the pending ones, then closes. */
  async close(): Promise<void> {
    if (this.#state !== "closed" && this.#exchanges.size > 0) {
      this.#state = "draining";
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#link?.goAway("CANCELLED", "the caller closed the link");
    this.#closed(new DureError("CANCELLED", "the link was closed here", { sent: "no" }));
  }

  /** Closes at once; pending calls fail. */
  destroy(): void {
    const error = new DureError("UNAVAILABLE", "the link was closed here", { sent: "unknown" });
    this.#link?.destroy(error);
    this.#closed(error);
  }

  async #dial(): Promise<PeerIdentity> {
    const { address, transport = tcpTransport, connectTimeoutMs = 3_000 } = this.#options;
    const where = `${address.host}:${address.port}`;
    this.#state = "connecting";
    const timer = after(connectTimeoutMs, () => {
      const error = new DureError(
        "UNAVAILABLE",
        `no handshake with ${where} within ${connectTimeoutMs} ms`,
        { sent: "no" },
      );
      this.#link?.destroy(error);
      this.#closed(error);
    });
    try {
      const socket = await transport.connect(address, connectTimeoutMs);
      if (this.#closeError) {
        socket.destroy();
        throw this.#closeError;
      }
      const handshake = new Promise<PeerIdentity | DureError>((resolve) => {
        this.#settleHandshake = resolve;
      });
      const link = new Link(socket, this.#limits, {
        onFrame: (frame) => this.#onFrame(frame),
        onClose: (error) => this.#closed(error),
        oldestPendingAt: () => this.#oldestPendingAt(),
        onSuspect: () => this.onSuspect?.(),
        onRecovered: () => this.onRecovered?.(),
      });
      this.#link = link;
      const { identity, expectNodeId } = this.#options;
      writeHello(link.writer, { identity, expectNodeId, nonce: this.#nonce, proof: undefined });
      link.start();
      link.flushNow();
      const result = await handshake;
      if (result instanceof Error) throw result;
      return result;
    } catch (thrown) {
      const error =
        thrown instanceof DureError
          ? thrown
          : new DureError("UNAVAILABLE", `cannot connect to ${where}: ${asError(thrown).message}`, {
              sent: "no",
              cause: thrown,
            });
      this.#closed(error);
      throw error;
    } finally {
      timer.cancel();
    }
  }

  #onFrame(frame: FrameView): void {
    if (this.#state === "connecting") return this.#onHandshakeFrame(frame);
    switch (frame.type) {
      case frameType.RESPONSE:
        return this.#onResponse(frame);
      case frameType.ERROR:
        return this.#onError(frame);
      case frameType.DATA:
        return this.#onData(frame);
      case frameType.END:
        return this.#finish(this.#exchanges.get(frame.streamId), (exchange) =>
          exchange.succeed({ body: Buffer.alloc(0) }),
        );
      case frameType.WINDOW: {
        const sender = this.#exchanges.get(frame.streamId)?.sender;
        sender?.grant(readCredit(frame));
        if (sender) this.#link?.enqueue(sender);
        return;
      }
      case frameType.DRAIN:
        return this.#onDrain();
      case frameType.GOAWAY:
        return this.#onGoAway(frame);
    }
  }

  #onHandshakeFrame(frame: FrameView): void {
    const link = this.#link as Link;
    if (frame.type === frameType.GOAWAY) {
      const { code, reason } = readGoAway(frame);
      return link.destroy(new DureError(code, reason, { sent: "no" }));
    }
    if (frame.type === frameType.HELLO && !this.#peer) return this.#onHello(link, readHello(frame));
    if (frame.type === frameType.AUTH && this.#peer) {
      link.authenticated();
      this.#state = "ready";
      this.#settleHandshake?.(this.#peer);
      return;
    }
    link.goAway("INVALID_ARGUMENT", `frame type ${frame.type} before the handshake is over`);
  }

  #onHello(link: Link, hello: Hello): void {
    const { identity, expectNodeId, token } = this.#options;
    const refusal = mismatch(identity, hello);
    if (refusal) return link.goAway(refusal.code, refusal.message);
    if (expectNodeId && hello.identity.nodeId !== expectNodeId) {
      return link.goAway(
        "NOT_FOUND",
        `looked for node ${expectNodeId}; ${hello.identity.nodeId} lives here now`,
      );
    }
    const nonces: [Buffer, Buffer] = [this.#nonce, hello.nonce];
    if (token && !isSameProof(proofOf(token, "listener", nonces, hello.identity), hello.proof)) {
      return link.goAway(
        "UNAUTHENTICATED",
        "the listener does not know this mesh's token; check DURE_TOKEN on both sides",
      );
    }
    this.#peer = hello.identity;
    link.writer.begin(frameType.AUTH, frameFlag.MUST_UNDERSTAND, 0);
    if (token) link.writer.bytes(fieldTag.PROOF, proofOf(token, "dialler", nonces, identity));
    link.writer.end("");
    link.flushNow();
  }

  #send(ref: OperationRef, head: RequestHead, body: Body, isStream: boolean): Exchange {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const sentAt = now();
    const exchange = new Exchange(streamId, sentAt, this.#cancel);
    if (isStream) {
      exchange.stream = new IncomingMessages(
        (bytes) => this.#link?.grant(streamId, bytes),
        () => exchange.cancel(),
      );
    }
    const refusal = this.#refusal(body);
    if (refusal) {
      exchange.fail(refusal);
      return exchange;
    }
    const link = this.#link as Link;
    try {
      this.#writeRequest(link, exchange, this.#numberOf(link, ref), { head, body });
    } catch (thrown) {
      link.writer.abandon();
      exchange.fail({
        code: "INVALID_ARGUMENT",
        message: `the request cannot be sent: ${asError(thrown).message}`,
        isStarted: false,
        sent: "no",
      });
      return exchange;
    }
    this.#exchanges.set(streamId, exchange);
    exchange.deadline = deadlineWheel.add(sentAt + head.deadlineMs, () =>
      this.#onDeadline(exchange, head.deadlineMs),
    );
    if (this.#exchanges.size === 1) link.watchPending();
    link.planFlush();
    return exchange;
  }

  #writeRequest(
    link: Link,
    exchange: Exchange,
    operationNumber: number,
    { head, body }: { head: RequestHead; body: Body },
  ): void {
    const { writer } = link;
    const isLarge = body.length > chunkBytes / 3 && byteLength(body) > chunkBytes;
    writer.begin(frameType.REQUEST, isLarge ? frameFlag.MORE : frameFlag.END, exchange.streamId);
    writeRequestHead(writer, operationNumber, head);
    if (!isLarge) {
      writer.end(body);
      return;
    }
    writer.u32(fieldTag.TOTAL_BYTES, byteLength(body));
    writer.end("");
    exchange.sender = new Sender(exchange.streamId, this.#limits.streamCreditBytes);
    exchange.sender.push(body);
    link.enqueue(exchange.sender);
  }

  /** Why a call cannot be sent now. */
  #refusal(body: Body): CallFailure | undefined {
    if (this.#state !== "ready") {
      const { code, message } = this.#notReady();
      return { code, message, isStarted: false, sent: "no" };
    }
    const { messageBytesMax } = this.#limits;
    if (body.length * 3 > messageBytesMax && byteLength(body) > messageBytesMax) {
      return {
        code: "RESOURCE_EXHAUSTED",
        message: `the request has ${byteLength(body)} bytes; the limit is ${messageBytesMax}`,
        isStarted: false,
        sent: "no",
      };
    }
    return undefined;
  }

  #notReady(): DureError {
    if (this.#closeError)
      return new DureError("UNAVAILABLE", this.#closeError.message, { sent: "no" });
    const why =
      this.#state === "draining" ? "the peer is draining" : "the link is not connected yet";
    return new DureError("UNAVAILABLE", why, { sent: "no" });
  }

  /** The operation's number on this link; the first use tells the peer what it stands for. */
  #numberOf(link: Link, ref: OperationRef): number {
    const known = this.#operationNumbers.get(ref);
    if (known !== undefined) return known;
    const number = this.#operationNumbers.size + 1;
    if (number > this.#limits.operationsMax)
      throw new RangeError(`more than ${this.#limits.operationsMax} operations on one link`);
    link.writer.begin(frameType.BIND, frameFlag.MUST_UNDERSTAND, 0);
    link.writer.u32(fieldTag.OPERATION_NUMBER, number);
    link.writer.text(fieldTag.SERVICE, ref.service);
    link.writer.text(fieldTag.OPERATION, ref.operation);
    link.writer.text(fieldTag.CONTRACT_HASH, ref.contractHash);
    link.writer.end("");
    this.#operationNumbers.set(ref, number);
    return number;
  }

  #onResponse(frame: FrameView): void {
    const exchange = this.#exchanges.get(frame.streamId);
    if (!exchange) return;
    const head = readResponseHead(frame);
    const body = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    if ((frame.flags & frameFlag.END) !== 0) {
      return this.#finish(exchange, () =>
        exchange.succeed({ body, status: head.status, headers: head.headers, load: head.load }),
      );
    }
    const { messageBytesMax } = this.#limits;
    if ((head.totalBytes ?? 0) > messageBytesMax) {
      this.#sendCancel(exchange.streamId);
      return this.#finish(exchange, () =>
        exchange.fail({
          code: "RESOURCE_EXHAUSTED",
          message: `the answer has ${head.totalBytes} bytes; the limit is ${messageBytesMax}`,
          isStarted: true,
          sent: "answered",
        }),
      );
    }
    exchange.answer = { head, body: new Assembler() };
    exchange.answer.body.push(body);
    // A stream has begun: from here on the peer's silence is its own business, the deadline was for the first answer.
    if (exchange.stream && (frame.flags & frameFlag.MORE) === 0 && exchange.deadline) {
      deadlineWheel.remove(exchange.deadline);
    }
  }

  #onData(frame: FrameView): void {
    const exchange = this.#exchanges.get(frame.streamId);
    const answer = exchange?.answer;
    if (!exchange || !answer) return;
    const piece = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    answer.body.push(piece);
    if (answer.body.size > this.#limits.messageBytesMax) {
      this.#link?.goAway("INVALID_ARGUMENT", "an answer is larger than it said");
      return;
    }
    const hasMore = (frame.flags & frameFlag.MORE) !== 0;
    if (exchange.stream && answer.head.totalBytes === undefined) {
      if (!hasMore) exchange.stream.push(answer.body.take());
      else this.#link?.grant(frame.streamId, piece.length);
    } else if (hasMore) {
      this.#link?.grant(frame.streamId, piece.length);
    } else {
      const { status, headers, load } = answer.head;
      this.#finish(exchange, () =>
        exchange.succeed({ body: answer.body.take(), status, headers, load }),
      );
    }
  }

  #onError(frame: FrameView): void {
    const failure = readFailure(frame);
    this.#finish(this.#exchanges.get(frame.streamId), (exchange) =>
      exchange.fail({ ...failure, sent: failure.isStarted ? "answered" : "no" }),
    );
  }

  #onDrain(): void {
    this.#state = "draining";
    this.#link?.writer.begin(frameType.DRAINED, 0, 0);
    this.#link?.writer.end("");
    this.#link?.planFlush();
    this.onDraining?.();
  }

  #onGoAway(frame: FrameView): void {
    const { code, reason, lastStream } = readGoAway(frame);
    for (const exchange of [...this.#exchanges.values()]) {
      if (exchange.streamId <= lastStream) continue;
      this.#finish(exchange, () =>
        exchange.fail({ code: "UNAVAILABLE", message: reason, isStarted: false, sent: "no" }),
      );
    }
    this.#link?.destroy(new DureError(code, reason, { sent: "unknown" }));
  }

  readonly #cancel = (exchange: Exchange): void => {
    if (!this.#exchanges.has(exchange.streamId)) return;
    this.#sendCancel(exchange.streamId);
    this.#finish(exchange, () =>
      exchange.fail({
        code: "CANCELLED",
        message: "the caller gave up",
        isStarted: true,
        sent: "unknown",
      }),
    );
  };

  #onDeadline(exchange: Exchange, deadlineMs: number): void {
    this.#sendCancel(exchange.streamId);
    this.#finish(exchange, () =>
      exchange.fail({
        code: "DEADLINE_EXCEEDED",
        message: `no answer within ${Math.round(deadlineMs)} ms`,
        isStarted: true,
        sent: "unknown",
      }),
    );
  }

  #sendCancel(streamId: number): void {
    const link = this.#link;
    if (!link || link.isClosed) return;
    link.writer.begin(frameType.CANCEL, 0, streamId);
    link.writer.end("");
    link.planFlush();
  }

  /** Ends an exchange: it is forgotten before anybody is told. */
  #finish(exchange: Exchange | undefined, settle: (exchange: Exchange) => void): void {
    if (!exchange || !this.#exchanges.delete(exchange.streamId)) return;
    if (exchange.deadline) deadlineWheel.remove(exchange.deadline);
    if (exchange.sender) this.#link?.dequeue(exchange.sender);
    settle(exchange);
    if (this.#exchanges.size === 0) this.#onIdle?.();
  }

  #oldestPendingAt(): number | undefined {
    // Insertion order is the order of sending. A stream that has begun waits for nothing.
    for (const exchange of this.#exchanges.values()) {
      if (!(exchange.stream && exchange.answer)) return exchange.sentAt;
    }
    return undefined;
  }

  #closed(error: DureError): void {
    if (this.#closeError) return;
    this.#closeError = error;
    this.#state = "closed";
    const settleHandshake = this.#settleHandshake;
    settleHandshake?.(new DureError(error.code, error.message, { sent: "no", cause: error }));
    this.#logger.debug("link closed", {
      address: this.#options.address,
      code: error.code,
      reason: error.message,
    });
    for (const exchange of [...this.#exchanges.values()]) {
      this.#finish(exchange, () =>
        exchange.fail({
          code: "UNAVAILABLE",
          message: error.message,
          isStarted: true,
          sent: "unknown",
        }),
      );
    }
    for (const listener of this.#closeListeners) listener(error);
    this.#closeListeners.clear();
    this.#onIdle?.();
  }
}

function byteLength(body: Body): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}
