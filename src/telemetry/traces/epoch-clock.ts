import { now, wallTime } from "../../kit/index.ts";

/** A difference above this is a clock that was set, in ms. */
const stepMs = 2;

/**
 * Turns times of `now()` into ms since 1970 with fractions. The wall clock says whole milliseconds only, always too few: of all
 * differences to the exact clock the greatest is the nearest to the truth, until the wall clock is set.
 */
export class EpochClock {
  #offsetMs = Number.NEGATIVE_INFINITY;

  /** What is to be added to times of `now()`, as it is at present. */
  offsetMs(): number {
    const seen = wallTime() - now();
    if (seen > this.#offsetMs || seen < this.#offsetMs - stepMs) this.#offsetMs = seen;
    return this.#offsetMs;
  }
}
