/**
 * The latency of one instance, as a peak-sensitive moving average: jumps up at once, comes down over `tauMs`.
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
    if (latencyMs > this.#costMs) this.#costMs = latencyMs;
    else {
      const weight = Math.exp(-(now - this.#observedAt) / this.#tauMs);
      this.#costMs = this.#costMs * weight + latencyMs * (1 - weight);
    }
    this.#observedAt = now;
  }

  /** The cost now; 0 before the first observation. */
  costMs(): number {
    return this.#costMs;
  }

  /** Forgets the past: the next observation counts alone. */
  reset(costMs = 0): void {
    this.#costMs = costMs;
  }
}
