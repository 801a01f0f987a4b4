/** What was seen over this time counts, the newest most, in ms. */
const averagedMs = 1_000;

/**
 * An average of what was observed in the last second or so, by time and not by number: what was so for 50 ms counts a twentieth,
 * however many said it. While nobody looks it comes down to nothing, by 1/e in `forgottenMs`, so that what was bad once is tried again.
 */
export class RecentAverage {
  readonly #forgottenMs: number;
  #average = 0;
  #observedAt: number | undefined;

  constructor(forgottenMs: number) {
    this.#forgottenMs = forgottenMs;
  }

  observe(now: number, value: number): void {
    const weight = this.#weight(now, averagedMs);
    this.#average = this.#average * weight + value * (1 - weight);
    this.#observedAt = now;
  }

  /** 0 before the first observation. */
  at(now: number): number {
    return this.#average * this.#weight(now, this.#forgottenMs);
  }

  /** Forgets what was observed. */
  reset(): void {
    this.#average = 0;
    this.#observedAt = undefined;
  }

  #weight(now: number, tauMs: number): number {
    if (this.#observedAt === undefined) return 0;
    return now <= this.#observedAt ? 1 : Math.exp((this.#observedAt - now) / tauMs);
  }
}
