/**
 * At which pace an edge gives its clients to those who take over: in even steps of requests, so that whoever is new to them warms up.
 * Requests are what is given away, by ending connections with their answers. How many connections that takes, only the requests that
 * still come can tell: of hundreds that a client holds it may need ten, and only when fewer are left it opens others elsewhere.
 *
 * Time is cut into windows. The first one counts the requests; from then on each window has a goal, falling to zero, and ends the
 * share of the open connections by which the window before it had too many requests (proportional control).
 */

const windowCount = 32;

export class ClosingPace {
  readonly #startedAtMs: number;
  readonly #windowMs: number;
  #window = 0;
  #servedAtFirst = 0;
  #served = 0;
  #endsLeft = 0;

  /** @param overMs after so many ms nothing is left; 0: everything ends at once. */
  constructor(startedAtMs: number, overMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#windowMs = overMs / windowCount;
  }

  /** Counts a request that is about to be answered: whether its connection ends with it. `openCount`: the connections that are left. */
  endsNext(nowMs: number, openCount: number): boolean {
    const elapsedMs = nowMs - this.#startedAtMs;
    const window = this.#windowMs === 0 ? windowCount : Math.floor(elapsedMs / this.#windowMs);
    if (window >= windowCount) return true;
    if (window > this.#window) this.#enter(window, openCount);
    this.#served += 1;
    if (this.#endsLeft === 0) return false;
    this.#endsLeft -= 1;
    return true;
  }

  #enter(window: number, openCount: number): void {
    if (this.#window === 0) this.#servedAtFirst = this.#served;
    const passed = window - this.#window;
    const servedBefore = this.#served / passed;
    const goal = this.#servedAtFirst * (1 - window / windowCount);
    const tooMany = Math.max(0, servedBefore - goal) / Math.max(1, servedBefore);
    this.#endsLeft = Math.ceil(openCount * tooMany);
    this.#window = window;
    this.#served = 0;
  }
}
