/**
 * Refuses calls at the caller while the callee refuses most of them anyway: refusing costs the callee too.
 *
 * A call is refused with probability max(0, (requests - K x accepts) / (requests + 1)) over the last two minutes; with K = 2 the
 * callee still sees twice what it accepts, so that it is noticed at once when it can take more.
 * Source: B. Beyer et al., "Site Reliability Engineering", chapter 21, "Client-Side Throttling".
 */
import { SlidingWindow } from "../../kit/index.ts";

const multiplier = 2;
const windowMs = 120_000;
const requests = 0;
const accepts = 1;

export class ClientThrottle {
  readonly #window = new SlidingWindow(windowMs, 12, 2);
  /** Nothing was refused for the whole window: there is nothing to work out. */
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** How likely a call is to be refused here, 0 to 1. */
  refusalShare(now: number): number {
    if (now - this.#refusedAt > windowMs) return 0;
    const made = this.#window.sum(now, requests);
    return Math.max(0, (made - multiplier * this.#window.sum(now, accepts)) / (made + 1));
  }

  /** A call was made, here or at the callee refused. */
  onRefused(now: number): void {
    this.#refusedAt = now;
    this.#window.add(now, requests);
  }

  /** The callee took a call. */
  onAccepted(now: number): void {
    this.#window.add(now, requests);
    this.#window.add(now, accepts);
  }
}
