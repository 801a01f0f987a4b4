/** When a process that ended is started again, and how long it may take to come and go. All times in ms. */
export interface RestartPolicy {
  /** Wait before the first restart; it doubles with each further failure. Default 100: a killed process is soon back. */
  readonly firstDelayMs: number;
  /** No wait within the back-off is longer. Default 10,000. */
  readonly delayMsMax: number;
  /** A process that was ready this long has no failures behind it. Default 10,000. */
  readonly stableMs: number;
  /** So many failures in a row are a crash loop. Default 5, which the back-off reaches after 1.5 s. */
  readonly crashLoopFailures: number;
  /** Wait between attempts in a crash loop. Default 30,000; `Infinity` waits until somebody restarts it. */
  readonly crashLoopDelayMs: number;
  /** A process that is not ready by then is killed, and that is a failure. Default 60,000. */
  readonly startMsMax: number;
  /**
   * A ready process that gave no sign of life for so long hangs: it is killed, and that is a failure. Default 20,000: a busy event loop
   * is late by seconds, not by this. `Infinity` never judges, for a process that may stand at a breakpoint.
   */
  readonly silenceMsMax: number;
  /** A process that was asked to stop and still runs is killed. Default 12,000: 10 s for its requests, and a while to close. */
  readonly stopMsMax: number;
  /**
   * In a reload the old process serves so long beside the new one that is ready. Default 1,000: code that has not run yet takes several
   * times as long, so it gets a part of the requests before it gets all of them.
   */
  readonly overlapMs: number;
}

/** See {@link RestartPolicy}. */
export const defaultPolicy: RestartPolicy = {
  firstDelayMs: 100,
  delayMsMax: 10_000,
  stableMs: 10_000,
  crashLoopFailures: 5,
  crashLoopDelayMs: 30_000,
  startMsMax: 60_000,
  silenceMsMax: 20_000,
  stopMsMax: 12_000,
  overlapMs: 1_000,
};

/** A process has this long to close what it has open once its requests are through, in ms. */
const closeMsMax = 2_000;

/** How long the requests of a process may take that must be gone within `stopMsMax`, in ms. */
export function drainMsWithin(stopMsMax: number): number {
  return Math.max(0, stopMsMax - closeMsMax);
}

/** How long a process may take to stop whose requests may take `drainMs`, in ms. */
export function stopMsFor(drainMs: number): number {
  return drainMs + closeMsMax;
}
