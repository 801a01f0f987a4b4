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
