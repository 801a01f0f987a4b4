/**
 * How long a peer may still take: an account of milliseconds that time takes from and bytes pay into. Many accounts are charged
 * by one timer, so that a request costs neither a timer nor a look at the clock.
 */
export class Patience {
  #leftMs = Number.POSITIVE_INFINITY;
  #fullMs = Number.POSITIVE_INFINITY;

  /** Begins to wait; `leftMs` from the next charge on, and never more. */
  begin(leftMs: number): void {
    this.#leftMs = leftMs;
    this.#fullMs = leftMs;
  }

  /** Nothing is waited for. */
  end(): void {
    this.begin(Number.POSITIVE_INFINITY);
  }

  /** Something came: that is worth `ms`. */
  earn(ms: number): void {
    this.#leftMs = Math.min(this.#leftMs + ms, this.#fullMs);
  }

  /** Time passed. Whether patience is over; it says so once. */
  charge(ms: number): boolean {
    // One charge more than it takes: the first one may come right after `begin`.
    const isOver = this.#leftMs < 0;
    this.#leftMs -= ms;
    if (isOver) this.end();
    return isOver;
  }
}
