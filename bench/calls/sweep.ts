/** How the cost of a call depends on the size of its messages, on how many are in flight, and on how many instances share them. */
import { cpuMsOfTrees, residentBytes } from "../harness/cpu.ts";
import { startWorker, type Worker } from "../harness/processes.ts";
import { median } from "../harness/statistics.ts";
import { linesPlot } from "../harness/svg.ts";
import { count, markdownTable, ratio } from "../harness/table.ts";
import type { RoundResult } from "./load.ts";
import type { SweepRequest } from "./sweep-process.ts";

const inFlights = [1, 4, 16, 64, 256, 1_024];
const instanceCounts = [1, 2, 4, 8, 16];
/** While the number of instances varies. */
const usual = { inFlight: 64 };
const roundMs = 500;
const rampMs = 150;
const warmUpMs = 1_500;
const callsMax = 500_000;

/** One cell, over all rounds: medians. */
export interface SweepRow {
  readonly peer: "bare echo" | "Dure";
  readonly bytes: number;
  readonly inFlight: number;
  readonly instances: number;
  readonly callsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerCall: number;
  /** Of the caller. */
  readonly residentMb: number;
}

interface Contestant {
  readonly peer: SweepRow["peer"];
  readonly caller: Worker;
  readonly callees: Worker[];
}

type Cell = Pick<SweepRow, "bytes" | "inFlight" | "instances">;

/** "10k" -> 10,240. Throws for what is no size. */
export function parseBytes(text: string): number {
  const [, digits, unit] = /^(\d{1,6})(k?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`--payload ${text}: a size such as 500 or 10k`);
  return Number(digits) * (unit === "k" ? 1_024 : 1);
}

/** Runs all cells; both peers take turns in each. */
export async function benchSweep(rounds: number, sizes: readonly number[]): Promise<SweepRow[]> {
  const echo = await start("bare echo", "echo");
  const dure = await start("Dure", "dure");
  const rows: SweepRow[] = [];
  for (const bytes of sizes)
    for (const inFlight of inFlights)
      rows.push(...(await measureCell([echo, dure], { bytes, inFlight, instances: 1 }, rounds)));
  const [bytes = 1_024] = sizes;
  for (const instances of instanceCounts) {
    while (dure.callees.length < instances) dure.callees.push(await addInstance(dure));
    rows.push(...(await measureCell([dure], { bytes, ...usual, instances }, rounds)));
  }
  await Promise.all(
    [echo, dure].flatMap(({ caller, callees }) => [
      caller.stop(),
      ...callees.map((callee) => callee.stop()),
    ]),
  );
  return rows;
}

const module = new URL("./sweep-process.ts", import.meta.url);

async function start(peer: SweepRow["peer"], name: string): Promise<Contestant> {
  const callee = await startWorker(module, ["callee", name]);
  const caller = await startWorker(module, ["caller", name, callee.address]);
  return { peer, caller, callees: [callee] };
}

function addInstance({ callees }: Contestant): Promise<Worker> {
  return startWorker(module, ["callee", "dure", callees[0]?.address ?? ""]);
}

async function measureCell(
  contestants: readonly Contestant[],
  cell: Cell,
  rounds: number,
): Promise<SweepRow[]> {
  const samples = contestants.map(() => [] as Omit<SweepRow, keyof Cell | "peer">[]);
  const ask = ({ caller }: Contestant, forMs: number) =>
    caller.ask<RoundResult>({ ...cell, forMs, callsMax } satisfies SweepRequest & Cell);
  for (const contestant of contestants) await ask(contestant, warmUpMs);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      await ask(contestant, rampMs);
      const pids = [contestant.caller.pid, ...contestant.callees.map(({ pid }) => pid)];
      const before = cpuMsOfTrees(pids);
      const { calls, callsPerSecond, p50Us, p99Us } = await ask(contestant, roundMs);
      const cpuUsPerCall = ((cpuMsOfTrees(pids) - before) * 1_000) / calls;
      const residentMb = residentBytes(contestant.caller.pid) / 2 ** 20;
      samples[index]?.push({ callsPerSecond, p50Us, p99Us, cpuUsPerCall, residentMb });
    }
  }
  return contestants.map(({ peer }, index) => {
    const mine = samples[index] ?? [];
    const of = (field: "callsPerSecond" | "p50Us" | "p99Us" | "cpuUsPerCall" | "residentMb") =>
      median(mine.map((sample) => sample[field]));
    return {
      peer,
      ...cell,
      callsPerSecond: of("callsPerSecond"),
      p50Us: of("p50Us"),
      p99Us: of("p99Us"),
      cpuUsPerCall: of("cpuUsPerCall"),
      residentMb: of("residentMb"),
    };
  });
}

/** The tables for people. */
export function sweepTables(rows: readonly SweepRow[]): string {
  const dure = rows.filter(({ peer }) => peer === "Dure");
  const load = dure.filter(({ instances }) => instances === 1);
  const unique = load.filter(
    (row, index) =>
      load.findIndex(({ bytes, inFlight }) => bytes === row.bytes && inFlight === row.inFlight) ===
      index,
  );
  const byLoad = unique.map((row) => {
    const echo = rows.find(
      ({ peer, bytes, inFlight }) =>
        peer === "bare echo" && bytes === row.bytes && inFlight === row.inFlight,
    );
    return [
      `${sizeText(row.bytes)}, ${count(row.inFlight)} in flight`,
      ...figures(row),
      ratio(row.callsPerSecond, echo?.callsPerSecond),
      ratio(row.cpuUsPerCall, echo?.cpuUsPerCall),
    ];
  });
  const shared = dure.slice(-instanceCounts.length);
  const [one] = shared;
  const byInstances = shared.map((row) => [
    `${row.instances} instance${row.instances === 1 ? "" : "s"}`,
    ...figures(row),
    ratio(row.callsPerSecond, one?.callsPerSecond),
    ratio(row.cpuUsPerCall, one?.cpuUsPerCall),
  ]);
  const columns = ["calls/s", "p50 us", "p99 us", "CPU us/call", "caller's MB"];
  return [
    markdownTable([["Dure", ...columns, "calls/s of echo", "CPU of echo"], ...byLoad]),
    markdownTable([
      [
        `${sizeText(one?.bytes ?? 0)}, ${usual.inFlight} in flight`,
        ...columns,
        "calls/s of one",
        "CPU of one",
      ],
      ...byInstances,
    ]),
  ].join("\n\n");
}

function figures(row: SweepRow): string[] {
  const { callsPerSecond, p50Us, p99Us, cpuUsPerCall, residentMb } = row;
  return [
    count(callsPerSecond),
    count(p50Us),
    count(p99Us),
    cpuUsPerCall.toFixed(1),
    count(residentMb),
  ];
}

function sizeText(bytes: number): string {
  return bytes % 1_024 === 0 ? `${bytes / 1_024} KiB` : `${bytes} B`;
}

/** CPU time per call over calls in flight, a line for each size and peer. */
export function sweepPlot(rows: readonly SweepRow[]): string {
  const sizes = [...new Set(rows.map(({ bytes }) => bytes))];
  const series = sizes.flatMap((bytes, index) =>
    (["Dure", "bare echo"] as const).map((peer) => ({
      name: `${peer}, ${sizeText(bytes)}`,
      colour: index,
      isDashed: peer !== "Dure",
      points: inFlights.flatMap((inFlight) => {
        const row = rows.find(
          (each) => each.peer === peer && each.bytes === bytes && each.inFlight === inFlight,
        );
        return row ? [{ x: inFlight, y: row.cpuUsPerCall }] : [];
      }),
    })),
  );
  return linesPlot({
    title: "CPU time per call, caller and callee together",
    xLabel: "calls in flight",
    yLabel: "us per call",
    series,
  });
}
