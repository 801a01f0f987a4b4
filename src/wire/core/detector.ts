/**
 * Judges from silence whether the peer of a link still works.
 *
 * ```
 *   request out, nothing comes back:   0 ........ 40 ms ........... 150 ms ............ 15 s
 *                                      |          PING              suspect             closed
 *   no request pending:                0 ................... 5 s .................. 15 s
 *                                                            PING                   closed
 * ```
 * Any byte ends it all: the peer is alive again. A busy peer is only suspect, which is cheap and reversible; running work is
 * given up after 15 s alone. The first figures come from measuring two instances of which one is frozen: 40 + 110 ms is long
 * enough for a garbage collection and short enough that nobody waits for a dead one.
 */
export interface DetectorOptions {
  /** Silence with a request pending before a PING is sent, in ms. */
  readonly pingAfterMs: number;
  /** Silence after that PING before the peer is suspect, in ms. */
  readonly suspectAfterMs: number;
  /** Silence on an idle link before a PING is sent, in ms. */
  readonly idlePingAfterMs: number;
  /** Silence, with a PING sent, before the link is closed, in ms. */
  readonly closeAfterMs: number;
  /** When the judge itself woke up this late, in ms, it reads what has come in before it judges. */
  readonly lateMs: number;
}

export const defaultDetector: DetectorOptions = {
  pingAfterMs: 40,
  suspectAfterMs: 110,
  idlePingAfterMs: 5_000,
  closeAfterMs: 15_000,
  lateMs: 30,
};

/** What to do now. */
export type Verdict = "nothing" | "ping" | "suspect" | "close";

/** See {@link DetectorOptions}. Time is an argument everywhere. */
export class Detector {
  readonly #options: DetectorOptions;
  #lastByteAt: number;
  #pingedAt: number | undefined;
  #isSuspect = false;
  #expectedTickAt: number | undefined;

  constructor(options: DetectorOptions, now: number) {
    this.#options = options;
    this.#lastByteAt = now;
  }

  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  get lastByteAt(): number {
    return this.#lastByteAt;
  }

  /** Something came in. True if the peer was suspect until now. */
  onBytes(now: number): boolean {
    this.#lastByteAt = now;
    this.#pingedAt = undefined;
    const wasSuspect = this.#isSuspect;
    this.#isSuspect = false;
    return wasSuspect;
  }

  /** When to ask again, in ms from now. */
  nextTickMs(now: number, isWaiting: boolean): number {
    const delayMs = isWaiting ? this.#options.pingAfterMs / 2 : this.#options.idlePingAfterMs / 2;
    this.#expectedTickAt = now + delayMs;
    return delayMs;
  }

  /** @param oldestPendingAt when the request that waits longest was sent, if any. */
  judge(now: number, oldestPendingAt: number | undefined): Verdict {
    const isLate =
      this.#expectedTickAt !== undefined && now - this.#expectedTickAt > this.#options.lateMs;
    this.#expectedTickAt = undefined;
    if (isLate) return "nothing";
    const { pingAfterMs, suspectAfterMs, idlePingAfterMs, closeAfterMs } = this.#options;
    if (this.#pingedAt !== undefined) {
      if (now - this.#lastByteAt >= closeAfterMs && now - this.#pingedAt >= suspectAfterMs)
        return "close";
      const isDue = oldestPendingAt !== undefined && now - this.#pingedAt >= suspectAfterMs;
      if (isDue && !this.#isSuspect) {
        this.#isSuspect = true;
        return "suspect";
      }
      return "nothing";
    }
    const quietSince = Math.max(this.#lastByteAt, oldestPendingAt ?? Number.NEGATIVE_INFINITY);
    const patienceMs = oldestPendingAt === undefined ? idlePingAfterMs : pingAfterMs;
    if (now - quietSince < patienceMs) return "nothing";
    this.#pingedAt = now;
    return "ping";
  }
}
