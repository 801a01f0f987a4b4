import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ: the unit of utime and stime in /proc/<pid>/stat. 100 on every Linux that Node runs on (proc(5), sysconf(3)). */
const ticksPerSecond = 100;

/** What one line of /proc/<pid>/stat says about a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of the process itself; its children are counted by their own lines while they live. */
  readonly cpuMs: number;
  /** The same of its children that ended and were waited for. */
  readonly endedChildrenMs: number;
}

/** Reads a stat line. The command stands in parentheses and may hold spaces and parentheses, so fields count from the last one. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const msOf = (first: number) =>
    ((Number(fields[first]) + Number(fields[first + 1])) * 1_000) / ticksPerSecond;
  return {
    pid: Number.parseInt(line, 10),
    parentPid: Number(fields[1]),
    cpuMs: msOf(11),
    endedChildrenMs: msOf(13),
  };
}

/**
 * Starts watching what else the machine does. The function it returns gives the share of all CPU time since then that went to
 * processes other than this one and its children: above a few per cent, figures of different runs cannot be compared.
 */
export function watchOthers(): () => number {
  const before = machineAndRun();
  return () => {
    const after = machineAndRun();
    const othersMs = after.busyMs - before.busyMs - (after.runMs - before.runMs);
    return Math.max(0, othersMs) / (after.totalMs - before.totalMs);
  };
}

/** CPU time so far: of all cores, of what they were busy with, and of this process and its children. */
function machineAndRun(): { totalMs: number; busyMs: number; runMs: number } {
  const { endedChildrenMs } = parseStat(readFileSync("/proc/self/stat", "utf8"));
  const runMs = cpuMsOfTrees([process.pid]) + endedChildrenMs;
  return { ...parseMachineStat(readFileSync("/proc/stat", "utf8")), runMs };
}

/** Reads the first line of /proc/stat. Interrupts are left out: most of them are the benchmark's own traffic. */
export function parseMachineStat(text: string): { totalMs: number; busyMs: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, , , stolen = 0] = ticksOf(text).map(
    (ticks) => (ticks * 1_000) / ticksPerSecond,
  );
  const busyMs = user + nice + system + stolen;
  return { totalMs: busyMs + idle + waiting, busyMs };
}

/** The first line of /proc/stat: all cores together. */
function ticksOf(text: string): number[] {
  return text.slice("cpu".length, text.indexOf("\n")).trim().split(/\s+/).map(Number);
}

/** What became of all CPU time; both are shares of it. */
export interface MachineUse {
  /** Was not idle: everybody's work, interrupts, and what was stolen. */
  readonly busy: number;
  /** Was taken by the host for its other guests (`steal`, proc(5)). */
  readonly stolen: number;
}

/** Starts watching what the machine does; the function it returns tells. */
export function watchMachine(): () => MachineUse {
  const before = readFileSync("/proc/stat", "utf8");
  return () => machineUse(before, readFileSync("/proc/stat", "utf8"));
}

/** What happened between two texts of /proc/stat. */
export function machineUse(before: string, after: string): MachineUse {
  const former = ticksOf(before);
  // What comes behind the first eight is part of them.
  const spent = ticksOf(after)
    .slice(0, 8)
    .map((ticks, index) => ticks - (former[index] ?? 0));
  const [, , , idle = 0, waiting = 0, , , stolen = 0] = spent;
  const total = spent.reduce((sum, ticks) => sum + ticks, 0);
  return { busy: 1 - (idle + waiting) / total, stolen: stolen / total };
}

/** The CPU time so far of `roots` and everything below them (an nginx worker is a child of its master). */
export function cpuMsOfTrees(roots: readonly number[]): number {
  return sumOfTrees(allStats(), roots);
}

/** The memory that `root` and everything below it hold now, in bytes. Pages that they share count for each. */
export function residentBytesOfTree(root: number): number {
  const pids = treesUnder(allStats(), [root]);
  return [...pids].reduce((sum, pid) => sum + residentBytes(pid), 0);
}

function allStats(): ProcessStat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(name));
}

/** The CPU time of the trees under `roots` in a list of processes; each process counts once. */
export function sumOfTrees(stats: readonly ProcessStat[], roots: readonly number[]): number {
  const wanted = treesUnder(stats, roots);
  let sum = 0;
  for (const { pid, cpuMs } of stats) if (wanted.has(pid)) sum += cpuMs;
  return sum;
}

function treesUnder(stats: readonly ProcessStat[], roots: readonly number[]): Set<number> {
  const wanted = new Set(roots);
  // A child may come before its parent in the list (process ids wrap around), so look until nothing is added.
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const { pid, parentPid } of stats) if (wanted.has(parentPid)) wanted.add(pid);
  }
  return wanted;
}

/** Memory that a process holds now, in bytes (VmRSS, proc(5)). */
export function residentBytes(pid: number): number {
  const [, kib = "0"] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1_024;
}

function readStat(name: string): ProcessStat[] {
  try {
    return [parseStat(readFileSync(`/proc/${name}/stat`, "utf8"))];
  } catch (error) {
    // A process that ended between the listing and the read is not one of ours: ours run for the whole measurement.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
