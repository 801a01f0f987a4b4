/**
 * Events through stores: published one by one and acknowledged, taken and acknowledged, and from end to end. All start, all are warmed
 * up, then they take turns round by round, so that whatever else the machine does hits them alike.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RoundResult } from "../calls/load.ts";
import { cpuMsOfTrees } from "../harness/cpu.ts";
import { startWorker, type Worker } from "../harness/processes.ts";
import { type Spread, spread } from "../harness/statistics.ts";
import { count } from "../harness/table.ts";
import type { EventRequest, Heard } from "./process.ts";
import { type EventContestant, eventContestants, startDureLog } from "./servers.ts";
import { fillLog } from "./stored.ts";

/** One peer in one cell, over all rounds. */
export interface EventsRow {
  readonly cell: string;
  readonly peer: string;
  readonly durability: string;
  readonly eventsPerSecond?: Spread;
  readonly p50Us?: number;
  readonly p99Us?: number;
  /** CPU time of server and client together. */
  readonly cpuUsPerEvent?: number;
}

/** What one round gave; what a cell does not measure is left out. */
interface Sample {
  readonly eventsPerSecond?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  readonly cpuUsPerEvent?: number;
}

interface Running {
  readonly name: string;
  readonly durability: string;
  readonly server: number;
  readonly publisher: Worker;
  readonly subscriber: Worker;
  stop(): Promise<unknown>;
}

type Measure = (running: Running, round: number) => Promise<Sample>;

/** A lone publish needs fewer samples to settle. */
const loads = [
  { inFlight: 64, forMs: 1_500 },
  { inFlight: 1_000, forMs: 1_500 },
  { inFlight: 1, forMs: 800 },
] as const;
/** Run before each round and not counted. */
const rampMs = 150;
const warmUpMs = 2_000;
const callsMax = 1_000_000;
/** Taken in one round; twice as many are stored before. */
const consumed = 100_000;
const steady = { perSecond: 1_000, forMs: 3_000 } as const;

/** Of what the machine keeps on its disk: a folder in memory would make syncs cost nothing. */
const dataRoot = "/var/tmp";

const ask = <Answer>(worker: Worker, request: EventRequest) => worker.ask<Answer>(request);

/** Runs the benchmark. `only`: names of peers. `stored`: events in the log that is measured beside an empty one; 0 for none. */
export async function benchEvents(
  rounds: number,
  only: readonly string[],
  stored: number,
): Promise<EventsRow[]> {
  const folder = mkdtempSync(join(dataRoot, "dure-bench-"));
  try {
    const chosen = eventContestants.filter(({ name }) => only.length === 0 || only.includes(name));
    const rows = await benchContestants(chosen, folder, rounds);
    const isDureIn = chosen.some(({ name }) => name === "Dure");
    return isDureIn && stored > 0
      ? [...rows, ...(await benchStored(stored, folder, rounds))]
      : rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchContestants(
  chosen: readonly EventContestant[],
  folder: string,
  rounds: number,
): Promise<EventsRow[]> {
  const all: Running[] = [];
  for (const contestant of chosen) all.push(await start(contestant, folder));
  for (const { publisher, subscriber } of all) {
    await ask(publisher, { kind: "load", inFlight: 64, forMs: warmUpMs, callsMax });
    await ask(publisher, { kind: "load", inFlight: 1_000, forMs: 120_000, callsMax: 2 * consumed });
    await ask(subscriber, { kind: "consume", group: "warm-up", count: consumed });
  }
  const cells: [string, Measure][] = [
    ...loads.map((load): [string, Measure] => [
      `publish, ${count(load.inFlight)} in flight`,
      publishWith(load),
    ]),
    ["consume", consume],
    ["end to end", endToEnd],
  ];
  const rows: EventsRow[] = [];
  for (const [cell, measure] of cells)
    rows.push(...(await measureCell(cell, all, rounds, measure)));
  await Promise.all(all.map((running) => running.stop()));
  return rows;
}

/** The same log, empty and with many events in it. */
async function benchStored(stored: number, folder: string, rounds: number): Promise<EventsRow[]> {
  const [dure] = eventContestants.filter(({ name }) => name === "Dure");
  if (!dure) throw new Error("Dure is gone");
  const full = join(folder, "stored");
  mkdirSync(full);
  await fillLog(full, stored);
  const empty = await start({ ...dure, name: "Dure, empty log" }, folder);
  const filled = await start(
    { ...dure, name: `Dure, ${count(stored)} events stored`, start: () => startDureLog(full) },
    folder,
  );
  const all = [empty, filled];
  const load = { inFlight: 64, forMs: warmUpMs, callsMax };
  for (const { publisher } of all) await ask(publisher, { kind: "load", ...load });
  const rows = await measureCell("events stored, 64 in flight", all, rounds, publishWith(loads[0]));
  await Promise.all(all.map((running) => running.stop()));
  return rows;
}

async function start(
  { name, durability, file, version, start: startServer }: EventContestant,
  folder: string,
): Promise<Running> {
  const own = join(folder, name.replaceAll(/\W+/g, "-"));
  mkdirSync(own);
  const { program, address } = await startServer(own);
  const module = new URL("./process.ts", import.meta.url);
  const publisher = await startWorker(module, [file, address]);
  const subscriber = await startWorker(module, [file, address]);
  return {
    name: version ? `${name} ${version()}` : name,
    durability,
    server: program.pid,
    publisher,
    subscriber,
    async stop() {
      await Promise.all([publisher.stop(), subscriber.stop()]);
      await program.stop();
    },
  };
}

async function measureCell(
  cell: string,
  all: readonly Running[],
  rounds: number,
  measure: Measure,
): Promise<EventsRow[]> {
  const samples = new Map(all.map(({ name }) => [name, [] as Sample[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const running of all) samples.get(running.name)?.push(await measure(running, round));
  return all.map(({ name, durability }) => ({
    cell,
    peer: name,
    durability,
    ...summary(samples.get(name) ?? []),
  }));
}

function summary(samples: readonly Sample[]) {
  const of = (figure: keyof Sample) => {
    const values = samples.flatMap((sample) => sample[figure] ?? []);
    return values.length === 0 ? undefined : spread(values);
  };
  const eventsPerSecond = of("eventsPerSecond");
  const medians = (["p50Us", "p99Us", "cpuUsPerEvent"] as const).flatMap((figure) => {
    const found = of(figure);
    return found ? [[figure, found.median]] : [];
  });
  return { ...(eventsPerSecond ? { eventsPerSecond } : {}), ...Object.fromEntries(medians) };
}

function publishWith({ inFlight, forMs }: (typeof loads)[number]): Measure {
  return async ({ server, publisher }) => {
    await ask(publisher, { kind: "load", inFlight, forMs: rampMs, callsMax });
    const cpuMsOf = () => cpuMsOfTrees([publisher.pid, server]);
    const before = cpuMsOf();
    const result = await ask<RoundResult>(publisher, { kind: "load", inFlight, forMs, callsMax });
    return {
      eventsPerSecond: result.callsPerSecond,
      p50Us: result.p50Us,
      p99Us: result.p99Us,
      cpuUsPerEvent: ((cpuMsOf() - before) * 1_000) / result.calls,
    };
  };
}

const consume: Measure = async ({ server, subscriber }, round) => {
  const cpuMsOf = () => cpuMsOfTrees([subscriber.pid, server]);
  const before = cpuMsOf();
  const request = { kind: "consume", group: `consume-${round}`, count: consumed } as const;
  const eventsPerSecond = await ask<number>(subscriber, request);
  return { eventsPerSecond, cpuUsPerEvent: ((cpuMsOf() - before) * 1_000) / consumed };
};

const endToEnd: Measure = async ({ publisher, subscriber }, round) => {
  await ask(subscriber, { kind: "listen", group: `listen-${round}` });
  const published = await ask<number>(publisher, { kind: "steady", ...steady });
  return { ...(await ask<Heard>(subscriber, { kind: "heard", count: published })) };
};
