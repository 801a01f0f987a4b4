/**
 * How many requests a node works on at once, found by watching latency: while more at once only makes each slower, the limit
 * comes down; while latency stays as it was, it goes up.
 *
 * ```
 *   gradient = clamp(tolerance x long / short, 0.5, 1)        long, short: moving averages of latency
 *   limit    = 0.8 x limit + 0.2 x (limit x gradient + 4)     4: the queue it tries out
 * ```
 * Source: Gradient2Limit of Netflix/concurrency-limits, with its constants; minimum and start are higher, because an event loop
 * carries hundreds of waiting requests without harm and a cold process must not refuse its first burst.
 */
export interface AdaptiveLimitOptions {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** How much slower than usual is still usual. */
  readonly tolerance: number;
  /** Latencies are averaged over this time before they are judged, in ms. */
  readonly windowMs: number;
}

export const defaultAdaptiveLimit: AdaptiveLimitOptions = {
  initial: 1_000,
  min: 64,
  max: 10_000,
  tolerance: 1.5,
  windowMs: 100,
};

const smoothing = 0.2;
const queueSize = 4;
/** Windows that the long average remembers. */
const longWindows = 600;
const warmUpWindows = 10;

export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions;
  #limit: number;
  #longMs = 0;
  #windows = 0;
  #windowEndsAt = Number.NEGATIVE_INFINITY;
  #sumMs = 0;
  #count = 0;
  #inFlightMax = 0;

  constructor(options: AdaptiveLimitOptions) {
    this.#options = options;
    this.#limit = options.initial;
  }

  /** Requests at once. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** A request ended after `latencyMs`, with `inFlight` at work, itself included. */
  onEnd(now: number, latencyMs: number, inFlight: number): void {
    this.#sumMs += latencyMs;
    this.#count += 1;
    this.#inFlightMax = Math.max(this.#inFlightMax, inFlight);
    if (now < this.#windowEndsAt) return;
    this.#judge(this.#sumMs / this.#count);
    this.#windowEndsAt = now + this.#options.windowMs;
    this.#sumMs = 0;
    this.#count = 0;
    this.#inFlightMax = 0;
  }

  #judge(shortMs: number): void {
    const { min, max, tolerance } = this.#options;
    this.#windows += 1;
    const memory = this.#windows <= warmUpWindows ? this.#windows : longWindows;
    this.#longMs += (shortMs - this.#longMs) / memory;
    // After an overload the long average is far too high; it comes down faster than by itself.
    if (this.#longMs > 2 * shortMs) this.#longMs *= 0.9;
    // With few requests at once, latency says nothing about the limit.
    if (this.#inFlightMax < this.#limit / 2 || shortMs <= 0) return;
    const gradient = Math.max(0.5, Math.min(1, (tolerance * this.#longMs) / shortMs));
    const target = this.#limit * gradient + queueSize;
    const next = this.#limit * (1 - smoothing) + target * smoothing;
    this.#limit = Math.min(max, Math.max(min, next));
  }
}
