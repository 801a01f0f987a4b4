import { setTimeout as pause } from "node:timers/promises";
import type { LoadReport } from "../harness/http-load.ts";
import type { Worker } from "../harness/processes.ts";
import type { Address, LoadQuestion } from "./load-process.ts";

const warmUpMs = 3_000;
const closedLoopMs = 4_000;
const probeMs = 3_000;
/** A rate is within what a system can do while 99 % of its requests are answered by then, and none fails. */
const p99MsMax = 100;
/** Of what it does when it is never without work. */
const firstShare = 0.4;
const step = 0.1;

/**
 * Warms a system up and finds the highest steady rate that it can do, in requests a second. What it does with a request always under way on
 * each connection is more: servers then find many requests at once and share the way to the kernel among them. That is where the
 * search ends; it goes up from two fifths of it, until a rate is too high twice.
 */
export async function steadyCapacity(worker: Worker, at: Address): Promise<number> {
  const closedLoop = (forMs: number) =>
    worker.ask<number>({ kind: "closed-loop", at, forMs } satisfies LoadQuestion);
  await closedLoop(warmUpMs);
  const most = await closedLoop(closedLoopMs);
  let share = firstShare;
  const isSustained = async (next: number) => {
    const perSecond = Math.floor(most * next);
    await worker.ask({ kind: "start", at, perSecond } satisfies LoadQuestion);
    await pause(probeMs);
    const { all } = await worker.ask<LoadReport>({ kind: "stop" } satisfies LoadQuestion);
    return all.failed === 0 && all.p99Ms <= p99MsMax;
  };
  for (let next = share + step; next <= 1; next += step) {
    if (!(await isSustained(next)) && !(await isSustained(next))) break;
    share = next;
  }
  return most * share;
}
