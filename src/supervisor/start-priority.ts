/**
 * How much of the processor a process gets while it starts beside others that serve. Loading code takes a third of a second of it; at the usual
 * priority that is taken from those that serve, and on a busy machine their requests queue up meanwhile.
 *
 * Nice 10 alone keeps it from much of that, but once it runs, the kernel lets it run for some milliseconds before a process that has a
 * request to answer gets its turn. SCHED_IDLE (sched(7)) gives way at once. Node cannot ask for it, `chrt` of util-linux can.
 *
 * Giving a process its usual priority back is a privilege on Linux, and the same one for both: of root, of CAP_SYS_NICE, or of a limit
 * that allows it (`LimitNICE=+0` in a unit of systemd). Where it is missing, and on other systems, nothing is lowered, since it would
 * stay so for good.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { afterInBackground } from "../kit/index.ts";

/** A tenth of what a process at 0 gets where both want all of it (the kernel's weights: 110 to 1,024). */
const startingNice = 10;
/** Where others take all of the processor, a start that gives way would never end. In ms. */
const givingWayMsMax = 5_000;
/** Of the capabilities of a process, the bit of CAP_SYS_NICE (capabilities(7)). */
const sysNice = 1n << 23n;

/** Lowers a process that has just been started, for 5 s at most. Gives back how to end that; calling it twice does nothing. */
export function giveWay(pid: number): () => void {
  const usualNice = getPriority();
  if (usualNice >= startingNice || !mayRaiseTo(usualNice)) return () => {};
  if (!trySetPriority(pid, startingNice)) return () => {};
  const idle = setPolicy(pid, "--idle");
  let isLowered = true;
  const raise = () => {
    if (!isLowered) return;
    isLowered = false;
    timer.cancel();
    // Threads have priorities of their own, and took the lowered one from the thread that made them.
    for (const thread of threadsOf(pid)) trySetPriority(thread, usualNice);
    // Once it has ended, the number may be somebody else's.
    void idle.then(async () => {
      if (threadsOf(pid).length > 0) await setPolicy(pid, "--other");
    });
  };
  const timer = afterInBackground(givingWayMsMax, raise);
  return raise;
}

/** Resolves in any case: where there is no `chrt`, nice 10 is what there is. */
function setPolicy(pid: number, policy: "--idle" | "--other"): Promise<void> {
  return new Promise((resolve) => {
    execFile("chrt", ["--all-tasks", policy, "--pid", "0", String(pid)], () => resolve());
  });
}

/** Whether this process may give another one this priority, which is above the other's. */
function mayRaiseTo(nice: number): boolean {
  if (process.platform !== "linux") return false;
  const [, capabilities = "0"] = /^CapEff:\s*(\w+)$/m.exec(ownFile("status")) ?? [];
  if ((BigInt(`0x${capabilities}`) & sysNice) !== 0n) return true;
  // The limit counts the other way round: 20 is nice 0, 1 is nice 19 (getrlimit(2)).
  const [, limit = "0"] = /^Max nice priority\s+(\w+)/m.exec(ownFile("limits")) ?? [];
  return limit === "unlimited" || Number(limit) >= 20 - nice;
}

function ownFile(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return "";
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** False where the process has ended meanwhile, or it is forbidden after all. */
function trySetPriority(thread: number, nice: number): boolean {
  try {
    setPriority(thread, nice);
    return true;
  } catch {
    return false;
  }
}
