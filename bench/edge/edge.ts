/** HTTP through an edge to a service, every contestant in the same run and under the same load. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "../harness/processes.ts";
import { median } from "../harness/statistics.ts";
import { startModule } from "./peer.ts";
import { edgePeers } from "./peers.ts";
import { type Contestant, checkAnswer, type EdgeRow, measureInTurns } from "./rounds.ts";
import type { SteadyLoad, SteadyResult } from "./steady-load.ts";
import { edgeTable } from "./tables.ts";

const path = "/products/7";
/** What the slowest peer can do with half of its time on the machine of the published figures. */
const steadyPerSecond = 2_000;
const steadyS = 4;

interface ProxyRow extends EdgeRow {
  readonly steadyP50Ms: number;
  readonly steadyP99Ms: number;
}

/** A folder for the files of a run, which goes with it. */
export function runFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dure-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the benchmark. `only`: names of contestants, for working on one of them. */
export async function benchEdge(rounds: number, only: readonly string[]) {
  const folder = runFolder();
  const contestants: Contestant[] = [];
  for (const { name, version, start } of edgePeers) {
    if (only.length > 0 && !only.includes(name)) continue;
    const own = join(folder, String(contestants.length));
    mkdirSync(own);
    const contestant = { name, version, edge: await start(own), path };
    await checkAnswer(contestant);
    contestants.push(contestant);
  }
  const steady = await measureSteadily(contestants, rounds);
  const rows = (await measureInTurns(contestants, rounds)).map(
    (row, index): ProxyRow => ({ ...row, ...(steady[index] as Latencies) }),
  );
  const text = edgeTable(rows, "nginx", [
    [`p50 ms at ${steadyPerSecond}/s`, (row) => (row as ProxyRow).steadyP50Ms.toFixed(2)],
    [`p99 ms at ${steadyPerSecond}/s`, (row) => (row as ProxyRow).steadyP99Ms.toFixed(2)],
  ]);
  return { rows, text };
}

interface Latencies {
  readonly steadyP50Ms: number;
  readonly steadyP99Ms: number;
}

/** At the same rate for all: what a client waits for when nobody is at the limit. */
async function measureSteadily(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Latencies[]> {
  const loader = await startModule("./steady-load.ts");
  const results = contestants.map(() => [] as SteadyResult[]);
  for (const contestant of contestants) await askSteadily(loader, contestant, 2);
  for (let round = 0; round < rounds; round++)
    for (const [index, contestant] of contestants.entries())
      results[index]?.push(await askSteadily(loader, contestant, steadyS));
  await loader.stop();
  return results.map((all) => ({
    steadyP50Ms: median(all.map(({ p50Ms }) => p50Ms)),
    steadyP99Ms: median(all.map(({ p99Ms }) => p99Ms)),
  }));
}

async function askSteadily(loader: Worker, { name, edge }: Contestant, seconds: number) {
  const asked: SteadyLoad = { url: edge.url + path, perSecond: steadyPerSecond, seconds };
  const result = await loader.ask<SteadyResult>(asked);
  if (result.failures > 0)
    throw new Error(`${name}: ${result.failures} requests failed at ${steadyPerSecond}/s`);
  return result;
}
