/**
 * The one door to time and randomness. The rest of the library never touches `setTimeout`, `Date.now`,
 * `performance.now` or `Math.random`, so that a test can swap this and run a whole fleet in virtual time.
 */

/** A timer that can be cancelled. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** What {@link installScheduler} takes: a source of time, timers and randomness. */
export interface Scheduler {
  /** Monotonic milliseconds since an arbitrary start, with fractions. */
  now(): number;
  /** Milliseconds since 1970, for people and for files; never for measuring. */
  wallTime(): number;
  /** Calls `run` once, `delayMs` from now. The timer does not keep the process alive if `isBackground`. */
  after(delayMs: number, run: () => void, isBackground: boolean): Timer;
  /** A number in [0, 1). */
  random(): number;
}

/** setTimeout's own bound (2^31 - 1 ms, about 24.8 days): a longer delay would fire at once. */
const delayMsMax = 2_147_483_647;

const realScheduler: Scheduler = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, run, isBackground) {
    const handle: any = setTimeout(run, Math.min(Math.max(delayMs, 0), delayMsMax));
    if (isBackground) handle.unref?.();
    return { cancel: () => clearTimeout(handle) };
  },
  random: () => Math.random(),
};

let current = realScheduler;

/** Replaces time and randomness for this process; call the returned function to put the former ones back. For tests. */
export function installScheduler(scheduler: Scheduler): () => void {
  const former = current;
  current = scheduler;
  return () => {
    current = former;
  };
}

/** Monotonic milliseconds, with fractions. Only differences mean anything. */
export function now(): number {
  return current.now();
}

/** Milliseconds since 1970. It can jump; never measure with it. */
export function wallTime(): number {
  return current.wallTime();
}

/** Calls `run` once, `delayMs` from now; keeps the process alive until then. */
export function after(delayMs: number, run: () => void): Timer {
  return current.after(delayMs, run, false);
}

/** Like {@link after}, but does not keep the process alive. */
export function afterInBackground(delayMs: number, run: () => void): Timer {
  return current.after(delayMs, run, true);
}

/** Calls `run` every `periodMs`, the next period starting when the former call returned; does not keep the process alive. */
export function every(periodMs: number, run: () => void): Timer {
  let isCancelled = false;
  let timer = afterInBackground(periodMs, tick);
  function tick(): void {
    run();
    if (!isCancelled) timer = afterInBackground(periodMs, tick);
  }
  return {
    cancel() {
      isCancelled = true;
      timer.cancel();
    },
  };
}

/** Resolves after `delayMs`; rejects with the signal's reason if it is aborted before. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A number in [0, 1). Not for secrets: those come from `node:crypto`. */
export function random(): number {
  return current.random();
}

/** An integer in [0, below). */
export function randomInt(below: number): number {
  return Math.floor(current.random() * below);
}
