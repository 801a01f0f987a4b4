/**
 * How many frames a client may send that make work and ask for nothing: PING, SETTINGS, streams that it resets (CVE-2023-44487,
 * CVE-2019-9512, CVE-2019-9515). A bucket that starts full and refills with time.
 */
export class FrameBudget {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
  }

  /** A frame came. Whether it was one too many. */
  spend(): boolean {
    this.#left -= 1;
    return this.#left < 0;
  }

  /** Time passed. */
  refill(ms: number): void {
    this.#left = Math.min(this.#most, this.#left + (ms * this.#perSecond) / 1_000);
  }
}
