/**
 * The caller's end of a link: dials one address, proves itself, sends requests, gives each its outcome.
 *
 * Invariants: (C1) every call gets exactly one outcome, at its deadline at the latest; (C2) only the link, the deadline, the
 * caller or the callee ends a call; (C3) a request that never reached the socket fails with `sent: "no"`.
 */
import { after, asError, DureError, now } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { Exchange, type GiveUp, type IncomingStream, type PendingCall } from "./calls.ts";
import { readGoAway } from "./core/control-frames.ts";
import { frameType } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import type { DiallerIdentity } from "./dialler-handshake.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { defaultLimits, type WireLimits } from "./limits.ts";
import { Link } from "./link.ts";
import { type RequestParts, unsent } from "./request-writer.ts";
import { Session } from "./session.ts";
import { tcpTransport } from "./tcp-transport.ts";
import type { Address, ByteSocket, Transport } from "./transport.ts";
import type { Body, OperationRef, PeerIdentity, RequestHead } from "./types.ts";

/** What a {@link Client} needs. */
export interface ClientOptions extends DiallerIdentity {
  readonly address: Address;
  /** Default: TCP. */
  readonly transport?: Transport | undefined;
  readonly limits?: Partial<WireLimits> | undefined;
  readonly logger?: Logger | undefined;
  /** Dialling and handshake must be over by then. Default 3,000 ms. */
  readonly connectTimeoutMs?: number | undefined;
}

/** Where a client is in its life; it goes from left to right, and `suspect` back to `ready`. */
export type ClientState = "idle" | "connecting" | "ready" | "suspect" | "draining" | "closed";

export class Client {
  readonly #options: ClientOptions;
  readonly #limits: WireLimits;
  readonly #logger: Logger;
  readonly #closeListeners = new Set<(error: DureError) => void>();
  #session: Session | undefined;
  #state: ClientState = "idle";
  #connecting: Promise<PeerIdentity> | undefined;
  #settleHandshake: ((result: PeerIdentity | DureError) => void) | undefined;
  #peer: PeerIdentity | undefined;
  #nextStreamId = 1;
  #closeError: DureError | undefined;
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
    return this.#state === "ready" && this.#session?.link.isSuspect ? "suspect" : this.#state;
  }

  /** Requests without an outcome. */
  get pendingCount(): number {
    return this.#session?.exchanges.size ?? 0;
  }

  /** Whether a request given now would only wait in the socket. */
  get isCongested(): boolean {
    return this.#session?.link.isCongested ?? false;
  }

  /** Who answered, once connected. */
  get peer(): PeerIdentity | undefined {
    return this.#peer;
  }

  /** This side's address, once connected. */
  get localAddress(): string {
    return this.#session?.link.socket.localAddress ?? "";
  }

  /** When the peer's last byte came in, on the clock of `now()`. */
  get bytesReceivedAt(): number {
    return this.#session?.link.bytesReceivedAt ?? 0;
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

  /**
   * Sends a request and takes one answer. Never throws: what goes wrong is the outcome.
   * @param input messages that follow, where the operation takes a stream; then `body` is empty.
   */
  call(ref: OperationRef, head: RequestHead, body: Body, input?: AsyncIterable<Body>): PendingCall {
    const exchange = this.#newExchange();
    this.#send(exchange, ref, { head, body, input });
    return exchange;
  }

  /** The same for a request whose answer is a stream of messages. */
  openStream(
    ref: OperationRef,
    head: RequestHead,
    body: Body,
    input?: AsyncIterable<Body>,
  ): IncomingStream {
    const exchange = this.#newExchange();
    const messages = new IncomingMessages(
      (bytes) => this.#session?.link.grant(exchange.streamId, bytes),
      () => exchange.cancel(),
    );
    exchange.stream = messages;
    this.#send(exchange, ref, { head, body, input });
    return {
      outcome: exchange.outcome,
      cancel() {
        messages.abandon();
        exchange.cancel();
      },
      [Symbol.asyncIterator]: () => messages[Symbol.asyncIterator](),
    };
  }

  /** A round trip on the link itself, in ms. */
  ping(): Promise<number> {
    const link = this.#session?.link;
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
    if (this.#state !== "closed" && this.#session && this.#session.exchanges.size > 0) {
      this.#state = "draining";
      await this.#session.exchanges.idle();
    }
    this.#session?.link.goAway("CANCELLED", "the caller closed the link");
    this.#closed(new DureError("CANCELLED", "the link was closed here", { sent: "no" }));
  }

  /** Closes at once; pending calls fail. */
  destroy(): void {
    const error = new DureError("UNAVAILABLE", "the link was closed here", { sent: "unknown" });
    this.#session?.link.destroy(error);
    this.#closed(error);
  }

  async #dial(): Promise<PeerIdentity> {
    const { address, transport = tcpTransport, connectTimeoutMs = 3_000 } = this.#options;
    const where = `${address.host}:${address.port}`;
    this.#state = "connecting";
    const timer = after(connectTimeoutMs, () => {
      const message = `no handshake with ${where} within ${connectTimeoutMs} ms`;
      const error = new DureError("UNAVAILABLE", message, { sent: "no" });
      this.#session?.link.destroy(error);
      this.#closed(error);
    });
    try {
      const socket = await transport.connect(address, connectTimeoutMs);
      if (this.#closeError) {
        socket.destroy();
        throw this.#closeError;
      }
      const result = await this.#shakeHands(socket);
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

  #shakeHands(socket: ByteSocket): Promise<PeerIdentity | DureError> {
    return new Promise((resolve) => {
      this.#settleHandshake = resolve;
      const session = this.#newSession(socket);
      this.#session = session;
      session.link.start();
      session.handshake.begin();
    });
  }

  #newSession(socket: ByteSocket): Session {
    const link: Link = new Link(socket, this.#limits, {
      onFrame: (frame) => this.#onFrame(session, frame),
      onClose: (error) => this.#closed(error),
      inFlight: () => session.exchanges.size,
      oldestPendingAt: () => session.exchanges.oldestPendingAt(),
      onSuspect: () => {
        // The owner takes the peer out of its choice before the calls look for another.
        this.onSuspect?.();
        session.exchanges.suspected();
      },
      onRecovered: () => this.onRecovered?.(),
      onTick: () => session.exchanges.onTick(now()),
    });
    const session = new Session(link, this.#options);
    return session;
  }

  #onFrame(session: Session, frame: FrameView): void {
    if (this.#state === "connecting") {
      this.#peer = session.handshake.onFrame(frame);
      if (!this.#peer) return;
      this.#state = "ready";
      this.#settleHandshake?.(this.#peer);
      return;
    }
    if (frame.type === frameType.DRAIN) this.#onDrain(session.link);
    else if (frame.type === frameType.GOAWAY) this.#onGoAway(session, frame);
    else session.onFrame(frame);
  }

  #newExchange(): Exchange {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    return new Exchange(streamId, now(), this.#giveUp);
  }

  readonly #giveUp: GiveUp = (exchange, failure) =>
    this.#session?.exchanges.abort(exchange, failure);

  #send(exchange: Exchange, ref: OperationRef, parts: RequestParts): void {
    const session = this.#session;
    if (!session || this.#state !== "ready") {
      const { code, message } = this.#notReady();
      return exchange.fail(unsent(code, message));
    }
    const refusal = session.requests.write(exchange, ref, parts);
    if (refusal) return exchange.fail(refusal);
    session.exchanges.add(exchange, parts.head.deadlineMs);
    session.link.planFlush();
  }

  #notReady(): DureError {
    if (this.#closeError)
      return new DureError("UNAVAILABLE", this.#closeError.message, { sent: "no" });
    const why =
      this.#state === "draining" ? "the peer is draining" : "the link is not connected yet";
    return new DureError("UNAVAILABLE", why, { sent: "no" });
  }

  #onDrain(link: Link): void {
    this.#state = "draining";
    link.writer.begin(frameType.DRAINED, 0, 0);
    link.writer.end("");
    link.planFlush();
    this.onDraining?.();
  }

  #onGoAway({ exchanges, link }: Session, frame: FrameView): void {
    const { code, reason, lastStream } = readGoAway(frame);
    exchanges.failAfter(lastStream, reason);
    link.destroy(new DureError(code, reason, { sent: "unknown" }));
  }

  #closed(error: DureError): void {
    if (this.#closeError) return;
    this.#closeError = error;
    this.#state = "closed";
    this.#settleHandshake?.(new DureError(error.code, error.message, { sent: "no", cause: error }));
    const { address } = this.#options;
    this.#logger.debug("link closed", { address, code: error.code, reason: error.message });
    this.#session?.exchanges.failAll(error.message);
    for (const listener of this.#closeListeners) listener(error);
    this.#closeListeners.clear();
  }
}
