/**
 * What to refuse when requests come faster than they are worked off, judged by how long each has waited already, compared with the
 * time that its caller gave it: a tenth of its deadline, 20 ms at least.
 *
 * A queue that empties now and then is a burst, and waiting up to half of the deadline is fine: a processor that is taken for a second
 * or two (a process starts beside) refuses nobody who has five. A queue that has not been short for half of the deadline, `burstMs` at
 * least, is an overload: then whoever has waited longer than the tenth is refused, so that those who are served are served in time.
 * Otherwise everybody would be served, each after its caller had given up.
 *
 * ```
 *   deadline 200 ms; waited   2   3  18   1 |  30  42  55  61  70 ... | not below 20 ms for 200 ms: above 20 ms is refused
 *   deadline 5 s              the same waits are nothing: a thousand calls at once from one caller wait as long
 * ```
 * The more important a request, the longer it may wait.
 * Sources: B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015 (adaptive CoDel); the least target is that of WeChat's DAGOR (H. Zhou et
 * al., "Overload Control for Scaling WeChat Microservices", SoCC 2018), 20 ms, as an event loop is late by a few ms whenever it
 * collects garbage. The shares of the deadline are ours: requests say how long they can wait, so nobody has to guess it.
 */
export interface ControlledDelayOptions {
  readonly targetMs: number;
  readonly deadlineShare: number;
  readonly burstMs: number;
  /**
   * Of the deadline so long may a burst last, and so much may a request have waited meanwhile: with less left it hardly ends in time.
   */
  readonly burstShare: number;
}

export const defaultControlledDelay: ControlledDelayOptions = {
  targetMs: 20,
  deadlineShare: 0.1,
  burstMs: 200,
  burstShare: 0.5,
};

/** How much longer than the target a request of priority 0 to 7 may wait in an overload. */
const patience = [10, 6, 3, 1, 0.7, 0.5, 0.35, 0.25];

export class ControlledDelay {
  readonly #options: ControlledDelayOptions;
  /** When the first of those waited long that have all waited long since. */
  #longSince: number | undefined;
  #judgedAt = 0;

  constructor(options: ControlledDelayOptions) {
    this.#options = options;
  }

  /** Whether a request that has waited `waitedMs` of its `deadlineMs` may be worked on. */
  admits(now: number, { waitedMs, deadlineMs, priority }: WaitingRequest): boolean {
    const { burstMs, burstShare, deadlineShare } = this.#options;
    const targetMs = Math.max(this.#options.targetMs, deadlineMs * deadlineShare);
    const patienceMs = Math.max(burstMs, deadlineMs * burstShare);
    // Where nothing has come for so long, there was no queue.
    if (waitedMs < targetMs || now - this.#judgedAt > burstMs) this.#longSince = undefined;
    if (waitedMs >= targetMs) this.#longSince ??= now;
    this.#judgedAt = now;
    const isOverloaded = this.#longSince !== undefined && now - this.#longSince >= patienceMs;
    const limitMs = isOverloaded ? targetMs : patienceMs;
    return waitedMs <= limitMs * (patience[priority] ?? 1);
  }
}

/** A request at the door. */
export interface WaitingRequest {
  readonly waitedMs: number;
  /** All the time that its caller gave it. */
  readonly deadlineMs: number;
  /** 0 (most important) to 7. */
  readonly priority: number;
}
