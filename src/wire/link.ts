/**
 * One connection, seen from either end: frames in, frames out, liveness, an orderly end. What the frames mean for calls is
 * the business of `client.ts` and `server.ts`.
 *
 * Owns: the socket, the write buffer, the detector and its timer. Tells its owner ({@link LinkOwner}) what happens.
 * Invariants: (L1) one socket write per turn of the event loop, or per 8 KiB, and one for a request or an answer that is alone; (L2) after
 * `onClose` nothing else is told; (L3) a peer that breaks the protocol is told why before it is cut off; (L4) bulk data never holds up small frames by more than `bulkBytesPerFlush`.
 */
import type { Buffer } from "node:buffer";
import { afterInBackground, asError, DureError, now, type Timer } from "../kit/index.ts";
import { Bulk } from "./bulk.ts";
import { readCredit } from "./core/control-frames.ts";
import { Detector, defaultDetector } from "./core/detector.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import { FrameReader, type FrameView } from "./core/frame-reader.ts";
import { FrameWriter } from "./core/frame-writer.ts";
import type { Sender } from "./core/sender.ts";
import type { WireLimits } from "./limits.ts";
import type { ByteSocket, SocketReader } from "./transport.ts";

/** Whom a link tells. */
export interface LinkOwner {
  onFrame(frame: FrameView): void;
  onClose(error: DureError): void;
  /** Requests at work over this link. */
  inFlight(): number;
  /** When the request that waits longest was sent; undefined if none waits. */
  oldestPendingAt(): number | undefined;
  onSuspect?(): void;
  onRecovered?(): void;
  /** Now and then while a request waits. */
  onTick?(): void;
}

/** With this much written, the peer had better begin: in one write per turn both ends would only work in turns. */
const earlyFlushBytes = 8 * 1024;
/** Runs what is told to it when the running microtasks are done: half the cost of `process.nextTick`. */
const settled = Promise.resolve();
/** With more than this in the socket, bulk data waits for it to drain. */
const socketBytesMax = 1024 * 1024;
/** With more than this in the socket the peer does not read at all; the link is given up. */
const socketBytesFatal = 64 * 1024 * 1024;

export class Link implements SocketReader {
  readonly writer = new FrameWriter();
  readonly socket: ByteSocket;
  readonly limits: WireLimits;
  readonly #owner: LinkOwner;
  readonly #reader: FrameReader;
  readonly #detector = new Detector(defaultDetector, now());
  readonly #bulk: Bulk;
  #isFlushPlanned = false;
  /** What is written while a chunk is read leaves at its end. */
  #isReading = false;
  #isAuthenticated = false;
  #isClosed = false;
  #pingsSent = 0;
  #pongWaiters = new Map<number, () => void>();
  #tickTimer: Timer | undefined;
  #isTickingFast = false;
  /** What was consumed here and the peer has not been told of. */
  #consumedBytes = 0;

  constructor(socket: ByteSocket, limits: WireLimits, owner: LinkOwner) {
    this.socket = socket;
    this.limits = limits;
    this.#owner = owner;
    this.#bulk = new Bulk(this.writer, limits.linkCreditBytes);
    const frameBytesMax = () =>
      this.#isAuthenticated ? limits.frameBytesMax : limits.handshakeFrameBytesMax;
    this.#reader = new FrameReader(frameBytesMax, (frame) => this.#onFrame(frame));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isSuspect(): boolean {
    return this.#detector.isSuspect;
  }

  /** When the peer's last byte came in, on the clock of `now()`. */
  get bytesReceivedAt(): number {
    return this.#detector.lastByteAt;
  }

  /** Whether so much waits in the socket that another request had better go elsewhere. */
  get isCongested(): boolean {
    return this.socket.writableLength > socketBytesMax;
  }

  start(first?: Buffer): void {
    this.socket.start(this, first);
    this.#planTick();
  }

  /** The handshake is over: the full limits hold. */
  authenticated(): void {
    this.#isAuthenticated = true;
  }

  /**
   * Call after writing frames: they leave when every socket that is readable now has been read, together (L1). A tick would end with each
   * of those sockets: a gateway would make a write of every request. A request that is alone on its link waits for nobody: its turn would
   * cost a lone caller a fifth of its calls.
   */
  planFlush(): void {
    if (this.writer.length >= earlyFlushBytes) this.flushNow();
    if (this.#isFlushPlanned || this.#isReading || this.#isClosed) return;
    this.#isFlushPlanned = true;
    if (this.#owner.inFlight() <= 1) void settled.then(this.#flush);
    else setImmediate(this.#flush);
  }

  /** Call after writing an answer: where no other can join it, it leaves before anything else is done. */
  flushAnswer(): void {
    const isLast = this.#isReading ? this.#reader.isAtEnd : this.#owner.inFlight() <= 1;
    return isLast && !this.#bulk.isWaiting ? this.flushNow() : this.planFlush();
  }

  /** Writes now what was written. */
  flushNow(): void {
    if (this.#isClosed || this.writer.length === 0) return;
    this.socket.write(this.writer.take());
    if (this.socket.writableLength > socketBytesFatal)
      this.destroy(new DureError("UNAVAILABLE", "the peer stopped reading", { sent: "unknown" }));
  }

  /** Bulk data of this stream goes out whenever there is room, in turn with the others. */
  enqueue(sender: Sender): void {
    this.#bulk.add(sender);
    this.planFlush();
  }

  /** Nothing more of this stream goes out. */
  dequeue(sender: Sender): void {
    this.#bulk.remove(sender);
  }

  /** What came in on a stream has been consumed: the peer may send so much more on it, and on the link. */
  grant(streamId: number, bytes: number): void {
    this.#writeCredit(streamId, bytes);
    this.consumed(bytes);
  }

  /** What came in on a stream that takes no more has been consumed: the link has room for it again. */
  consumed(bytes: number): void {
    this.#consumedBytes += Math.max(bytes, 1);
    // Told in large portions: the sender has seven more of them meanwhile.
    if (this.#consumedBytes < this.limits.linkCreditBytes / 8) return;
    this.#writeCredit(0, this.#consumedBytes);
    this.#consumedBytes = 0;
  }

  /** Asks whether the peer is there; resolves with the round trip in ms. Never resolves if the link closes first. */
  ping(): Promise<number> {
    const sentAt = now();
    return new Promise((resolve) => {
      const id = this.#sendPing();
      this.#pongWaiters.set(id, () => resolve(now() - sentAt));
    });
  }

  /** Starts the detector's quick beat: a request is pending now. */
  watchPending(): void {
    if (!this.#isTickingFast) this.#planTick();
  }

  /** Tells the peer why, and closes. `lastStream` is the last request that was taken. */
  goAway(code: string, reason: string, lastStream = 0): void {
    if (this.#isClosed) return;
    this.writer.begin(frameType.GOAWAY, frameFlag.MUST_UNDERSTAND, 0);
    this.writer.u32(fieldTag.LAST_STREAM, lastStream);
    this.writer.text(fieldTag.CODE, code);
    this.writer.text(fieldTag.MESSAGE, reason);
    this.writer.end("");
    this.flushNow();
    this.#reader.stop();
    this.socket.end();
    this.#closed(new DureError(code, reason, { sent: "unknown" }));
    // A peer that never closes its side would keep the socket for ever.
    afterInBackground(2_000, () => this.socket.destroy());
  }

  /** Closes at once. */
  destroy(error: DureError): void {
    this.#closed(error);
    this.socket.destroy();
  }

  onData(chunk: Buffer): void {
    if (this.#isClosed) return;
    if (this.#detector.onBytes(now())) this.#owner.onRecovered?.();
    this.#isReading = true;
    try {
      this.#reader.push(chunk);
    } catch (thrown) {
      this.goAway("INVALID_ARGUMENT", `protocol error: ${asError(thrown).message}`);
    }
    this.#isReading = false;
    // What was answered at once need not wait for the end of the turn.
    if (this.#bulk.isWaiting) this.planFlush();
    else this.flushNow();
  }

  onClose(error: Error | undefined): void {
    const why = error ? error.message : "the peer closed the connection";
    this.#closed(
      new DureError("UNAVAILABLE", `connection lost: ${why}`, { sent: "unknown", cause: error }),
    );
  }

  onDrain(): void {
    if (this.#bulk.isWaiting) this.planFlush();
  }

  #closed(error: DureError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tickTimer?.cancel();
    this.#bulk.clear();
    this.#pongWaiters.clear();
    this.#owner.onClose(error);
  }

  #onFrame(frame: FrameView): void {
    if (this.#isClosed) return;
    if (frame.type === frameType.PING) {
      this.writer.begin(frameType.PONG, 0, frame.streamId);
      this.writer.end("");
      this.planFlush();
    } else if (frame.type === frameType.PONG) {
      this.#pongWaiters.get(frame.streamId)?.();
      this.#pongWaiters.delete(frame.streamId);
    } else if (frame.type === frameType.WINDOW && frame.streamId === 0) {
      this.#bulk.grant(readCredit(frame));
      if (this.#bulk.isWaiting) this.planFlush();
    } else if (frame.type > frameType.END) {
      if ((frame.flags & frameFlag.MUST_UNDERSTAND) !== 0) {
        this.goAway(
          "UNIMPLEMENTED",
          `frame type ${frame.type} is not known here and may not be skipped`,
        );
      }
    } else {
      this.#owner.onFrame(frame);
    }
  }

  readonly #flush = (): void => {
    this.#isFlushPlanned = false;
    if (this.#isClosed) return;
    if (!this.isCongested) this.#bulk.write();
    this.flushNow();
    if (this.#bulk.canSend && !this.isCongested) this.planFlush();
  };

  #writeCredit(streamId: number, bytes: number): void {
    if (this.#isClosed) return;
    this.writer.begin(frameType.WINDOW, 0, streamId);
    this.writer.u32(fieldTag.CREDIT, bytes);
    this.writer.end("");
    this.planFlush();
  }

  #sendPing(): number {
    this.#pingsSent += 1;
    this.writer.begin(frameType.PING, 0, this.#pingsSent);
    this.writer.end("");
    this.planFlush();
    return this.#pingsSent;
  }

  #planTick(): void {
    if (this.#isClosed) return;
    this.#tickTimer?.cancel();
    this.#isTickingFast = this.#owner.oldestPendingAt() !== undefined;
    const delayMs = this.#detector.nextTickMs(now(), this.#isTickingFast);
    this.#tickTimer = afterInBackground(delayMs, this.#onTick);
  }

  readonly #onTick = (): void => {
    switch (this.#detector.judge(now(), this.#owner.oldestPendingAt())) {
      case "ping":
        this.#sendPing();
        break;
      case "suspect":
        this.#owner.onSuspect?.();
        break;
      case "nothing":
        this.#owner.onTick?.();
        break;
      case "close":
        return this.destroy(
          new DureError("UNAVAILABLE", "the peer has been silent for 15 s", { sent: "unknown" }),
        );
    }
    this.#planTick();
  };
}
