import assert from "node:assert/strict";
import { test } from "node:test";
import { installScheduler } from "../../src/kit/index.ts";
import { AppProcess } from "../../src/sidecar/app-process.ts";
import { until } from "../support/until.ts";

/** Time passes so many times as fast. */
const haste = 1_000;

test("a program that is well is left alone, however long it says nothing", async () => {
  const now = () => performance.now() * haste;
  const restore = installScheduler({
    now,
    wallTime: () => Date.now(),
    random: () => Math.random(),
    after(delayMs, run) {
      const handle = setTimeout(run, delayMs / haste);
      return { cancel: () => clearTimeout(handle) };
    },
  });
  const downs: string[] = [];
  let upAt: number | undefined;
  const app = new AppProcess({
    command: [process.execPath, "-e", "setInterval(() => {}, 1e6)"],
    cwd: undefined,
    environment: process.env,
    isHealthy: async () => true,
    onLine: () => {},
    onUp: () => {
      upAt ??= now();
    },
    onDown: (why) => downs.push(why),
  });
  app.start();
  await until("ten minutes have passed", () => upAt !== undefined && now() - upAt > 600_000);
  assert.deepEqual(downs, []);
  await app.stop();
  restore();
});
