import { installScheduler } from "../../src/kit/index.ts";

/** Time of this process that can be put forward; timers keep their own. */
export interface ShiftedTime {
  /** So many ms pass at once. */
  pass(ms: number): void;
  restore(): void;
}

/** Puts it in place of real time. */
export function shiftedTime(): ShiftedTime {
  let shift = 0;
  const restore = installScheduler({
    now: () => performance.now() + shift,
    wallTime: () => Date.now() + shift,
    random: () => Math.random(),
    after(delayMs, run, isBackground) {
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
