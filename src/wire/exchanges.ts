/**
 * The requests of one link that wait for their answers.
 *
 * Owns the table and the deadlines. Invariant: an exchange is forgotten before anybody is told how it ended, so that whoever
 * is told may call again at once.
 */
import { TimerWheel } from "../kit/index.ts";
import type { Exchange } from "./calls.ts";
import { frameType } from "./core/frame.ts";
import { StreamTable } from "./core/stream-table.ts";
import type { Link } from "./link.ts";
import type { CallFailure, Response } from "./types.ts";

const deadlineWheel = new TimerWheel(4);
/** From when on a call is told how long it has waited, in ms: what nobody would call slow is not worth a look. */
const longWaitMs = 150;

/** See above. */
export class Exchanges {
  readonly #link: Link;
  readonly #pending = new StreamTable<Exchange>();
  #onIdle: (() => void) | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Requests without an outcome. */
  get size(): number {
    return this.#pending.size;
  }

  get(streamId: number): Exchange | undefined {
    return this.#pending.get(streamId);
  }

  /** Takes a request in that was just written. */
  add(exchange: Exchange, deadlineMs: number): void {
    this.#pending.add(exchange);
    exchange.dueAt = exchange.sentAt + deadlineMs;
    deadlineWheel.insert(exchange);
    if (this.#pending.size === 1) this.#link.watchPending();
  }

  /** When the request that waits longest was sent. */
  oldestPendingAt(): number | undefined {
    // A stream that has begun waits for nothing.
    for (const exchange of this.#pending.values()) {
      if (!(exchange.stream && exchange.answer)) return exchange.sentAt;
    }
    return undefined;
  }

  /** The answer is there. */
  succeed(exchange: Exchange, response: Response): void {
    if (!this.#forget(exchange)) return;
    exchange.succeed(response);
    this.#checkIdle();
  }

  fail(exchange: Exchange, failure: CallFailure): void {
    if (!this.#forget(exchange)) return;
    exchange.fail(failure);
    this.#checkIdle();
  }

  /** The answer is not wanted any more: the callee is told, unless the exchange is over. */
  abort(exchange: Exchange, failure: CallFailure): void {
    if (!this.#pending.get(exchange.streamId)) return;
    this.#sendCancel(exchange.streamId);
    this.fail(exchange, failure);
  }

  /** The callee takes more of a large request. */
  onCredit(streamId: number, bytes: number): void {
    const sender = this.#pending.get(streamId)?.sender;
    if (!sender) return;
    sender.grant(bytes);
    this.#link.enqueue(sender);
  }

  /** A stream has begun: its deadline was for the first answer. */
  liftDeadline(exchange: Exchange): void {
    deadlineWheel.remove(exchange);
  }

  /** The peer is silent: whoever waits for it may look elsewhere. */
  suspected(): void {
    for (const exchange of [...this.#pending.values()]) exchange.suspected();
  }

  /** Tells those that have waited for long. */
  onTick(time: number): void {
    for (const exchange of [...this.#pending.values()]) {
      const waitedMs = time - exchange.sentAt;
      // In the order of sending: all that follow are younger.
      if (waitedMs < longWaitMs) return;
      if (!exchange.answer) exchange.waiting(waitedMs);
    }
  }

  /** The peer did not take what was sent after `lastStream`. */
  failAfter(lastStream: number, message: string): void {
    for (const exchange of [...this.#pending.values()]) {
      if (exchange.streamId <= lastStream) continue;
      this.fail(exchange, { code: "UNAVAILABLE", message, isStarted: false, sent: "no" });
    }
  }

  /** The link is gone: whether the rest was done is not known. */
  failAll(message: string): void {
    for (const exchange of [...this.#pending.values()]) {
      this.fail(exchange, { code: "UNAVAILABLE", message, isStarted: true, sent: "unknown" });
    }
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #forget(exchange: Exchange): boolean {
    if (!this.#pending.delete(exchange.streamId)) return false;
    deadlineWheel.remove(exchange);
    exchange.stopInput?.();
    if (exchange.sender) this.#link.dequeue(exchange.sender);
    return true;
  }

  #checkIdle(): void {
    if (this.#onIdle && this.#pending.size === 0) this.#onIdle();
  }

  #sendCancel(streamId: number): void {
    const link = this.#link;
    if (link.isClosed) return;
    link.writer.begin(frameType.CANCEL, 0, streamId);
    link.writer.end("");
    link.planFlush();
  }
}
