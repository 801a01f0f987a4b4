import { installScheduler } from "../../src/kit/index.ts";

/** Time of this process that can be put forward; timers keep their own. */
export interface ShiftedTime {
  /** So many ms pass at once. */
  pass(ms: number): void;
  restore(): void;
}

/** Puts it in place of real time. With `isStopped` it passes only when it is told to, and no timer that is set meanwhile fires. */
export function shiftedTime({ isStopped = false } = {}): ShiftedTime {
  let shift = 0;
  const start = { now: performance.now(), wallTime: Date.now() };
  const restore = installScheduler({
    now: () => (isStopped ? start.now : performance.now()) + shift,
    wallTime: () => (isStopped ? start.wallTime : Date.now()) + shift,
    random: () => Math.random(),
    after(delayMs, run, isBackground) {
      if (isStopped) return { cancel() {} };
      const handle = setTimeout(run, delayMs);
      if (isBackground) handle.unref();
      return { cancel: () => clearTimeout(handle) };
    },
  });
  return {
    pass(ms) {
      shift += ms;
    },
    restore,
  };
}
