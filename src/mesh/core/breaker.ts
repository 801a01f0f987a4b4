/**
 * Takes an instance that fails out of the choice for a while, as an electric breaker opens a circuit.
 *
 * ```
 *              5 failures in a row, or half of at least 20 within 10 s
 *   closed -----------------------------------------------------------> open (1 s, doubling up to 30 s)
 *     ^                                                                   | time is over
 *     |  the probe succeeds                                               v
 *     +---------------------------------------------------------- half open: one call goes through
 *                                       the probe fails: open again, twice as long
 * ```
 * Sources: the consecutive failures are Envoy's outlier detection (5), share and volume Hystrix's (50 % of 20 in 10 s), doubling
 * with jitter Linkerd's failure accrual (1 s to 1 min there; a mesh that re-dials every 2 s would wait too long).
 */
import { SlidingWindow } from "../../kit/index.ts";

/** When a breaker opens, and for how long. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly consecutiveMax: number;
  /** Share of failures that opens it, 0 to 1, once there are `callsMin` in `windowMs`. */
  readonly failureShare: number;
  readonly callsMin: number;
  readonly windowMs: number;
  /** How long it stays open at first, and at most, in ms. */
  readonly openMs: number;
  readonly openMsMax: number;
}

export const defaultBreaker: BreakerOptions = {
  consecutiveMax: 5,
  failureShare: 0.5,
  callsMin: 20,
  windowMs: 10_000,
  openMs: 1_000,
  openMsMax: 30_000,
};

const all = 0;
const failed = 1;

/** See the head of this file. Time is an argument everywhere. */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #random: () => number;
  readonly #window: SlidingWindow;
  #consecutive = 0;
  #openUntil: number | undefined;
  /** How often it has opened since the last success. */
  #openings = 0;
  #isProbing = false;

  /** @param random for the jitter of the open time: callers must not come back all at once. */
  constructor(options: BreakerOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#window = new SlidingWindow(options.windowMs, 10, 2);
  }

  /** Whether it has taken the instance out and has not seen it succeed since. */
  get isTripped(): boolean {
    return this.#openUntil !== undefined;
  }

  /** Whether a call may go to the instance now. */
  admits(now: number): boolean {
    if (this.#openUntil === undefined) return true;
    return now >= this.#openUntil && !this.#isProbing;
  }

  /** A call goes to the instance: in the half-open state it is the probe. */
  onSend(now: number): void {
    if (this.#openUntil !== undefined && now >= this.#openUntil) this.#isProbing = true;
  }

  onSuccess(now: number): void {
    this.#consecutive = 0;
    this.#window.add(now, all);
    if (this.#openUntil === undefined) return;
    // Answers from before it opened do not close it.
    if (this.#isProbing || now >= this.#openUntil) this.#close();
  }

  /** @param mayOpen whether the instance may be taken out: not where too many are out already. */
  onFailure(now: number, mayOpen: boolean): void {
    this.#consecutive += 1;
    this.#window.add(now, all);
    this.#window.add(now, failed);
    if (this.#openUntil !== undefined) {
      if (this.#isProbing) this.#open(now);
      return;
    }
    if (mayOpen && this.#isBad(now)) this.#open(now);
  }

  /** The call that went out as a probe came to no verdict: the next one is the probe. */
  onNeither(): void {
    this.#isProbing = false;
  }

  #isBad(now: number): boolean {
    const { consecutiveMax, callsMin, failureShare } = this.#options;
    if (this.#consecutive >= consecutiveMax) return true;
    const calls = this.#window.sum(now, all);
    return calls >= callsMin && this.#window.sum(now, failed) >= calls * failureShare;
  }

  #open(now: number): void {
    const { openMs, openMsMax } = this.#options;
    const durationMs = Math.min(openMsMax, openMs * 2 ** this.#openings);
    this.#openings += 1;
    this.#isProbing = false;
    this.#openUntil = now + durationMs * (1 + this.#random() * 0.1);
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#openings = 0;
    this.#isProbing = false;
    this.#window.clear();
  }
}
