import { RecentAverage } from "./recent-average.ts";

/** An instance that has never answered but has calls pending gets no more than its probe until it does (Finagle, PeakEwma). */
const unknownPenalty = 1e6;
/** An event loop is late by some ms whenever it is busy or collects garbage; from here on it counts. */
const lateLoopMs = 100;
/** How late its event loop runs, as an instance told, is believed for so long, in ms. */
const toldMsMax = 1_000;
/** An instance that was slow is tried again once that is forgotten (Finagle's and Linkerd's default). */
const latencyForgottenMs = 10_000;
/** What others ask of it changes within moments. */
const othersForgottenMs = 1_000;

/** What an instance tells of itself with an answer. */
export interface Told {
  /** Calls that are at work there, whoever made them. */
  readonly load?: number | undefined;
  readonly loopDelayMs?: number | undefined;
}

/** How much an instance has to do, from its answers to one caller and what it told with them. */
export class InstanceLoad {
  readonly #latencyMs = new RecentAverage(latencyForgottenMs);
  /** Calls of others that were at work there when it answered. */
  readonly #othersCount = new RecentAverage(othersForgottenMs);
  #loopDelayMs = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /**
   * The caller's calls that wait there, times the root of how slow it is: its latency, and how many calls of others it has. The root, and
   * averages of a second, keep callers from changing their minds together whenever an instance stands still for a moment.
   */
  at(now: number, pendingCount: number): number {
    const latencyMs = this.#latencyMs.at(now);
    if (latencyMs === 0 && pendingCount > 0) return unknownPenalty + pendingCount;
    const lateMs = this.loopDelayMs(now);
    const slownessMs = lateMs > lateLoopMs ? Math.max(latencyMs, lateMs) : latencyMs;
    return (pendingCount + 1) * Math.sqrt(slownessMs * (1 + this.#othersCount.at(now)));
  }

  /** How late its event loop runs, as it told last, in ms. */
  loopDelayMs(now: number): number {
    return now - this.#toldAt < toldMsMax ? this.#loopDelayMs : 0;
  }

  /** It answered. */
  onAnswer(now: number, latencyMs: number): void {
    this.#latencyMs.observe(now, latencyMs);
  }

  /** It told of itself, while the caller has `pendingCount` calls there. */
  onTold(now: number, { load = 0, loopDelayMs = 0 }: Told, pendingCount: number): void {
    this.#othersCount.observe(now, Math.max(0, load - pendingCount));
    this.#loopDelayMs = loopDelayMs;
    this.#toldAt = now;
  }

  /** It failed. Failing quickly makes nobody look fast. */
  onFault(now: number, latencyMs: number): void {
    this.#latencyMs.observe(now, Math.max(latencyMs, this.#latencyMs.at(now)));
  }

  /** How long it took does not count any more. */
  forgetLatency(): void {
    this.#latencyMs.reset();
  }
}
