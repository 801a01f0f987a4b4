/**
 * The latency of one instance, as a peak-sensitive moving average: jumps up at once, comes down over `tauMs`. It comes down
 * while nobody looks as well, so that an instance that was slow once is tried again.
 * Source: Finagle's PeakEwma load balancer (twitter/finagle, PeakEwma.scala); tau 10 s is its default and Linkerd's.
 */
export class PeakEwma {
  readonly #tauMs: number;
  #costMs = 0;
  #observedAt = 0;

  constructor(tauMs = 10_000) {
    this.#tauMs = tauMs;
  }

  /** A call took that long. */
  observe(now: number, latencyMs: number): void {
    const costMs = this.costMs(now);
    if (latencyMs > costMs) this.#costMs = latencyMs;
    else {
      const weight = this.#weight(now);
      this.#costMs = this.#costMs * weight + latencyMs * (1 - weight);
    }
    this.#observedAt = now;
  }

  /** The cost now; 0 before the first observation. */
  costMs(now: number): number {
    return this.#costMs * this.#weight(now);
  }

  /** Forgets the past. */
  reset(now: number, costMs: number): void {
    this.#costMs = costMs;
    this.#observedAt = now;
  }

  #weight(now: number): number {
    return now <= this.#observedAt ? 1 : Math.exp((this.#observedAt - now) / this.#tauMs);
  }
}
