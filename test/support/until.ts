import { setTimeout as pause } from "node:timers/promises";

/** Waits until `condition` gives a truthy value and returns it; fails with `what` after `deadlineMs`. */
export async function until<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  deadlineMs = 30_000,
): Promise<NonNullable<Value>> {
  const startedAt = performance.now();
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() - startedAt > deadlineMs) {
      throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    }
    await pause(5);
  }
}

/** Waits until what is read has changed at least once, and then no more for `stillMs`. */
export async function untilStill<Value>(
  what: string,
  read: () => Value,
  stillMs = 200,
): Promise<void> {
  let last = read();
  let isMoved = false;
  let changedAt = performance.now();
  await until(what, () => {
    const value = read();
    if (value !== last) {
      last = value;
      isMoved = true;
      changedAt = performance.now();
    }
    return isMoved && performance.now() - changedAt >= stillMs;
  });
}
