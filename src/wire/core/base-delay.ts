/**
 * How long a request has been on its way, as far as its receiver can tell. Clocks of two machines have nothing in common, but the
 * smallest difference ever seen between "sent" and "received" is a transit without any queue; what a request took longer, it
 * spent waiting: in the network, in the socket, or for a busy event loop.
 *
 * ```
 *   received - sent:   80012  80013  80012 | 80155     base 80012, the last one waited 143 ms
 * ```
 * Source: the base delay of LEDBAT (RFC 6817, section 3.4.2): the minimum over the last few minutes, because clocks drift.
 */
export class BaseDelay {
  readonly #periodMs: number;
  /** The minimum of the period before, and of this one. */
  #former = Number.POSITIVE_INFINITY;
  #current = Number.POSITIVE_INFINITY;
  #periodEndsAt = Number.NEGATIVE_INFINITY;

  constructor(periodMs = 60_000) {
    this.#periodMs = periodMs;
  }

  /**
   * What a message waited, in ms.
   * @param sentAt the sender's clock, in whole ms, modulo 2^32.
   */
  queued(sentAt: number, receivedAt: number): number {
    const difference = (Math.floor(receivedAt) - sentAt) >>> 0;
    if (receivedAt >= this.#periodEndsAt) {
      this.#former = this.#current;
      this.#current = difference;
      this.#periodEndsAt = receivedAt + this.#periodMs;
    } else if (isBefore(difference, this.#current)) this.#current = difference;
    const base = isBefore(this.#former, this.#current) ? this.#former : this.#current;
    return (difference - base) >>> 0;
  }
}

/** Whether `left` is less on a circle of 2^32. */
function isBefore(left: number, right: number): boolean {
  if (!Number.isFinite(left)) return false;
  return !Number.isFinite(right) || (left - right) >> 31 !== 0;
}
