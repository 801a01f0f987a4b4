/**
 * What clients see while a fleet is changed or broken: a steady rate of requests at two thirds of what it can do, and meanwhile
 * something happens. The reload is also measured with a plain Node server under dure cluster, PM2 and node:cluster.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type MachineUse, watchMachine } from "../harness/cpu.ts";
import type { LoadReport } from "../harness/http-load.ts";
import { startWorker, type Worker } from "../harness/processes.ts";
import { median } from "../harness/statistics.ts";
import { peerVersion } from "../harness/tools.ts";
import { runWrk } from "../harness/wrk.ts";
import { steadyCapacity } from "./capacity.ts";
import { type Incident, incidents } from "./incidents.ts";
import type { LoadQuestion } from "./load-process.ts";
import { startMachines } from "./machines.ts";
import {
  type RunningSystem,
  startDureCluster,
  startDureUp,
  startNodeCluster,
  startPm2,
} from "./systems.ts";

/** One incident of one system. */
export interface UptimeRow {
  readonly system: string;
  readonly incident: string;
  readonly perSecond: number;
  /** Of the same load just before it. */
  readonly before: LoadReport;
  readonly report: LoadReport;
  readonly machine: { readonly before: MachineUse; readonly during: MachineUse };
  /** Operations that services began more than once for the same request. */
  readonly executedTwice: Executed;
  readonly tookMs: number;
  /** Of killed processes, until they were ready again. */
  readonly restartMs?: number;
}

/** How many requests a second with so many workers. */
export interface CoresRow {
  readonly system: string;
  readonly perSecond: readonly number[];
}

/** Requests whose work was begun more than once. */
export interface Executed {
  readonly reads: number;
  readonly writes: number;
}

/** Everything that was measured. */
export interface UptimeResult {
  readonly rows: readonly UptimeRow[];
  readonly cores: readonly CoresRow[];
}

/** All is well so long before an incident, and the load goes on so long after it. */
const aroundMs = 1_000;
const wrkSeconds = 5;
const workerCounts = [1, 2];
/** As long as the longest incident, a reload: who is watched for longer sees more of the moments in which the machine itself is slow. */
const quietMs = 40_000;
/** A write that was in flight on a machine that is lost ends at its deadline, 5 s. */
const lossMs = 8_000;
const machineLost = "one machine of three lost";

const plainSystems = [
  { name: "dure cluster", start: startDureCluster },
  { name: "PM2", start: startPm2 },
  { name: "node:cluster", start: startNodeCluster },
] as const;

/** Measures all, or what is named: an incident, a system, or `cores`. `share`: of what a system can do, so much is asked of it. */
export async function benchUptime(
  rounds: number,
  only: readonly string[],
  share: number,
): Promise<UptimeResult> {
  const isWanted = (...names: string[]) =>
    only.length === 0 || names.some((name) => only.includes(name));
  const worker = await startWorker(new URL("./load-process.ts", import.meta.url), []);
  const load: Load = { worker, share, rounds };
  const rows: UptimeRow[] = [];
  for (const hasRetries of [false, true]) {
    const wanted = incidents.filter(
      (each) => each.hasRetries === hasRetries && isWanted(each.name, "dure up"),
    );
    if (wanted.length > 0) rows.push(...(await measureFleet(load, hasRetries, wanted)));
  }
  if (isWanted(machineLost)) rows.push(...(await measureMachines(load)));
  let plainRate: number | undefined;
  for (const { name, start } of plainSystems) {
    if (!isWanted(name)) continue;
    const measured = await measurePlain(load, { name, start }, plainRate);
    plainRate ??= measured.at(-1)?.perSecond;
    rows.push(...measured);
  }
  await worker.stop();
  const cores = isWanted("cores") ? await measureCores() : [];
  return { rows, cores };
}

async function measureFleet(
  load: Load,
  hasRetries: boolean,
  wanted: readonly Incident[],
): Promise<UptimeRow[]> {
  const fleet = await startDureUp(hasRetries ? undefined : "once");
  try {
    const rows: UptimeRow[] = [];
    for (const { name, happen } of wanted) {
      const happening = { system: "dure up", incident: name, happen: () => happen(fleet) };
      rows.push(...(await inRounds(load, fleet, happening)));
    }
    return rows;
  } finally {
    await fleet.stop();
  }
}

async function measureMachines(load: Load): Promise<UptimeRow[]> {
  const rows: UptimeRow[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    // The one that was lost does not come back.
    const machines = await startMachines();
    try {
      const happening: Happening = {
        system: "dure up on three machines",
        incident: machineLost,
        async happen() {
          await machines.loseOne();
          return pause(lossMs, []);
        },
      };
      rows.push(await underLoad(load, machines, happening, await rateFor(load, machines)));
    } finally {
      await machines.stop();
    }
  }
  return rows;
}

/** All get the rate that the first had last, so that they have the same load. */
async function measurePlain(
  load: Load,
  { name, start }: (typeof plainSystems)[number],
  given: number | undefined,
): Promise<UptimeRow[]> {
  const running = await start(2);
  try {
    const happening: Happening = {
      system: name === "PM2" ? `PM2 ${peerVersion("pm2")}` : name,
      incident: "reload",
      async happen() {
        await running.reload();
        return [];
      },
    };
    return await inRounds(load, running, happening, given);
  } finally {
    await running.stop();
  }
}

/** Who sends the load, how much of it, and how often. */
interface Load {
  readonly worker: Worker;
  readonly share: number;
  readonly rounds: number;
}

type Served = Pick<RunningSystem, "host" | "port" | "executed">;

interface Happening {
  readonly system: string;
  readonly incident: string;
  happen(): Promise<readonly number[]>;
}

/** @param given requests a second; by default the load's share of what the system can do, found anew for each round */
async function inRounds(
  load: Load,
  at: Served,
  happening: Happening,
  given?: number,
): Promise<UptimeRow[]> {
  const rows: UptimeRow[] = [];
  while (rows.length < load.rounds) {
    const found = await rateFor(load, at);
    rows.push(await underLoad(load, at, happening, given ?? found));
  }
  return rows;
}

/** Warms a system up and gives the rate that it gets. */
async function rateFor({ worker, share }: Load, at: Served): Promise<number> {
  return Math.floor((await steadyCapacity(worker, addressOf(at))) * share);
}

async function underLoad(
  load: Load,
  at: Served,
  { system, incident, happen }: Happening,
  perSecond: number,
): Promise<UptimeRow> {
  const before = await sendWhile(load, at, perSecond, () => pause(quietMs));
  const begun = at.executed().length;
  const { value, report, machine } = await sendWhile(load, at, perSecond, async () => {
    await pause(aroundMs);
    const startedAt = performance.now();
    const restarts = await happen();
    const tookMs = performance.now() - startedAt;
    await pause(aroundMs);
    return { tookMs, ...(restarts.length > 0 ? { restartMs: median(restarts) } : {}) };
  });
  return {
    system,
    incident,
    perSecond,
    before: before.report,
    report,
    machine: { before: before.machine, during: machine },
    executedTwice: repeatedIn(at.executed().slice(begun)),
    ...value,
  };
}

/** What became of the load while something was done, and what the machine did. */
async function sendWhile<Value>(
  { worker }: Load,
  at: Served,
  perSecond: number,
  run: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly report: LoadReport; readonly machine: MachineUse }> {
  await worker.ask({ kind: "start", at: addressOf(at), perSecond } satisfies LoadQuestion);
  const use = watchMachine();
  const value = await run();
  const machine = use();
  const report = await worker.ask<LoadReport>({ kind: "stop" } satisfies LoadQuestion);
  return { value, report, machine };
}

/** Lines are an operation and the request's id, of which the first letter says whether it is a write. */
export function repeatedIn(lines: readonly string[]): Executed {
  const begun = new Set<string>();
  const repeated = new Set<string>();
  for (const line of lines) {
    if (begun.has(line)) repeated.add(line.slice(line.indexOf(" ") + 1));
    begun.add(line);
  }
  const writes = [...repeated].filter((id) => id.startsWith("w")).length;
  return { writes, reads: repeated.size - writes };
}

async function measureCores(): Promise<CoresRow[]> {
  const rows: CoresRow[] = [];
  for (const { name, start } of plainSystems) {
    const perSecond: number[] = [];
    for (const workers of workerCounts) {
      const running = await start(workers);
      const url = `http://${running.host}:${running.port}/orders/cores`;
      await runWrk(url, 1);
      const { requestsPerSecond, failures } = await runWrk(url, wrkSeconds);
      await running.stop();
      if (failures > 0) throw new Error(`${name} with ${workers} workers: ${failures} failed`);
      perSecond.push(requestsPerSecond);
    }
    rows.push({ system: name, perSecond });
  }
  return rows;
}

function addressOf({ host, port }: Served) {
  return { host, port };
}
