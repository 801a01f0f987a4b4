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
 *
 * Ours: latency that callers can wait for takes nothing away. A processor that is taken for a second (a process starts beside, the
 * garbage collector) makes every request slower than usual, and refusing some of them helps nobody: they would all have been answered.
 * So the gradient counts in windows alone whose requests took longer than `deadlineShare` of their deadlines. In others the limit makes
 * room for a crowd, and where there is none it returns to where it began, each by `pace` a window: Gradient2, which adds some requests a
 * window, would need a minute for either.
 */
export interface AdaptiveLimitOptions {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** How much slower than usual is still usual. */
  readonly tolerance: number;
  /** Latencies are averaged over this time before they are judged, in ms. */
  readonly windowMs: number;
  /** Of its deadline so much may a request take without harm. */
  readonly deadlineShare: number;
  /** The least that is harmless, in ms. */
  readonly harmlessMs: number;
  /** By so much the limit changes in a window without harm or without a crowd. */
  readonly pace: number;
}

export const defaultAdaptiveLimit: AdaptiveLimitOptions = {
  initial: 1_000,
  min: 64,
  max: 10_000,
  tolerance: 1.5,
  windowMs: 100,
  deadlineShare: 0.25,
  harmlessMs: 20,
  pace: 0.1,
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
  #deadlinesMs = 0;
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

  /** A request ended, with `inFlight` at work, itself included. */
  onEnd(now: number, { latencyMs, deadlineMs }: EndedRequest, inFlight: number): void {
    this.#sumMs += latencyMs;
    this.#deadlinesMs += deadlineMs;
    this.#count += 1;
    this.#inFlightMax = Math.max(this.#inFlightMax, inFlight);
    if (now < this.#windowEndsAt) return;
    this.#judge(this.#sumMs / this.#count, this.#deadlinesMs / this.#count);
    this.#windowEndsAt = now + this.#options.windowMs;
    this.#sumMs = 0;
    this.#deadlinesMs = 0;
    this.#count = 0;
    this.#inFlightMax = 0;
  }

  #judge(shortMs: number, deadlineMs: number): void {
    const { deadlineShare, initial, pace } = this.#options;
    this.#windows += 1;
    const memory = this.#windows <= warmUpWindows ? this.#windows : longWindows;
    this.#longMs += (shortMs - this.#longMs) / memory;
    // After an overload the long average is far too high; it comes down faster than by itself.
    if (this.#longMs > 2 * shortMs) this.#longMs *= 0.9;
    const isHarmless = shortMs <= Math.max(this.#options.harmlessMs, deadlineMs * deadlineShare);
    // With few requests at once, latency says nothing about the limit.
    const isCrowded = this.#inFlightMax >= this.#limit / 2;
    if (isCrowded)
      this.#limit = this.#within(isHarmless ? this.#limit * (1 + pace) : this.#gradient(shortMs));
    else if (isHarmless || this.#limit > initial) this.#limit = this.#nearerToInitial();
  }

  #nearerToInitial(): number {
    const { initial, pace } = this.#options;
    return this.#limit < initial
      ? Math.min(initial, this.#limit * (1 + pace))
      : Math.max(initial, this.#limit * (1 - pace));
  }

  #gradient(shortMs: number): number {
    const usual = (this.#options.tolerance * this.#longMs) / shortMs;
    const target = this.#limit * Math.max(0.5, Math.min(1, usual)) + queueSize;
    return this.#limit * (1 - smoothing) + target * smoothing;
  }

  #within(limit: number): number {
    return Math.min(this.#options.max, Math.max(this.#options.min, limit));
  }
}

/** A request that is over. */
export interface EndedRequest {
  readonly latencyMs: number;
  /** All the time that its caller gave it. */
  readonly deadlineMs: number;
}
