/**
 * At which pace a server gives its clients to those who take over: in even steps of requests, so that whoever is new to them warms up.
 * Requests are given away by ending connections with their answers. How many connections that takes, only the requests that still
 * come can tell: of hundreds that a client holds it may need ten, and only when fewer are left it opens others elsewhere.
 *
 * Time is cut into windows. The first one counts the requests; from then on each window has a goal, falling to zero. While there are more
 * requests than that, a window ends of the connections that are at rest the share by which there were too many (proportional control), and
 * of those that are at work, whose clients would send as much over half as many, their even part.
 */

const windowCount = 32;
/** Of the time that connections without a request are kept, requests are given away within this part: 6.75 s of the 9 s of a reload. */
const paceShare = 0.75;
/** Whoever is at work at one moment stands for so many that are in use. */
const inUsePerBusy = 2;

/** The connections of a server. */
export interface OpenConnections {
  readonly openCount: number;
  /** Those with a request at work. */
  readonly busyCount: number;
}

/** See the head of this file. */
export class ClosingPace {
  readonly #startedAtMs: number;
  readonly #windowMs: number;
  #window = 0;
  #servedAtFirst = 0;
  #served = 0;
  /** Connections that this window may still end, with what is left of a further one. */
  #endsLeft = 0;

  /** @param idleMs so long connections without a request are kept; 0: everything ends at once. */
  constructor(startedAtMs: number, idleMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#windowMs = (idleMs * paceShare) / windowCount;
  }

  /** Counts a request that is about to be answered: whether its connection ends with it. */
  endsNext(nowMs: number, connections: OpenConnections): boolean {
    const elapsedMs = nowMs - this.#startedAtMs;
    const window = this.#windowMs === 0 ? windowCount : Math.floor(elapsedMs / this.#windowMs);
    if (window >= windowCount) return true;
    if (window > this.#window) this.#enter(window, connections);
    this.#served += 1;
    if (this.#endsLeft < 1) return false;
    this.#endsLeft -= 1;
    return true;
  }

  #enter(window: number, { openCount, busyCount }: OpenConnections): void {
    if (this.#window === 0) this.#servedAtFirst = this.#served;
    const servedBefore = this.#served / (window - this.#window);
    const goal = this.#servedAtFirst * (1 - window / windowCount);
    this.#window = window;
    this.#served = 0;
    this.#endsLeft %= 1;
    if (servedBefore <= goal) return;
    const inUse = Math.min(openCount, busyCount * inUsePerBusy);
    const tooMany = (servedBefore - goal) / servedBefore;
    this.#endsLeft += (openCount - inUse) * tooMany + inUse / (windowCount - window);
  }
}
