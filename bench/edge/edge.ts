/** HTTP through an edge to a service, every contestant in the same run and under the same load. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "../harness/processes.ts";
import { median } from "../harness/statistics.ts";
import { ratio } from "../harness/table.ts";
import { startModule } from "./peer.ts";
import { direct, edgePeers } from "./peers.ts";
import { type Contestant, checkAnswer, type EdgeRow, measureInTurns, warmUp } from "./rounds.ts";
import type { SteadyLoad, SteadyResult } from "./steady-load.ts";
import { edgeTable } from "./tables.ts";

const path = "/products/7";
/** What every peer can do with a fraction of its time, on a busy machine too. */
const steadyPerSecond = 1_000;
const steadyS = 4;

interface Latencies {
  readonly steadyP50Ms: number;
  readonly steadyP99Ms: number;
  /** Of all rounds: errors, and what was not answered 5 s after the round. */
  readonly steadyFailures: number;
}

type ProxyRow = EdgeRow & Latencies;

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
  for (const contestant of contestants) await warmUp(contestant);
  const steady = await measureSteadily(contestants, rounds);
  const rows = (await measureInTurns(contestants, rounds)).map(
    (row, index): ProxyRow => ({ ...row, ...(steady[index] as Latencies) }),
  );
  const nginxUs = rows.find(({ peer }) => peer === "nginx")?.edgeUsPerRequest.median;
  const text = edgeTable(rows, "nginx", [
    ["edge alone, us/request", (row) => aloneOf(row)?.toFixed(1) ?? "-"],
    ["of nginx", (row) => ratio(aloneOf(row) ?? Number.NaN, nginxUs)],
    [`p50 ms at ${steadyPerSecond}/s`, (row) => (row as ProxyRow).steadyP50Ms.toFixed(2)],
    [`p99 ms at ${steadyPerSecond}/s`, (row) => (row as ProxyRow).steadyP99Ms.toFixed(2)],
    ["failed", (row) => String((row as ProxyRow).steadyFailures)],
  ]);
  return { rows, text };
}

/** What the edge takes by itself, in us: with wrk and the service on its cores, requests per second do not tell one edge from another. */
function aloneOf({ peer, edgeUsPerRequest }: EdgeRow): number | undefined {
  return peer === direct.name ? undefined : edgeUsPerRequest.median;
}

/** At the same rate for all: what a client waits for when nobody is at the limit. */
async function measureSteadily(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Latencies[]> {
  const loader = await startModule("./steady-load.ts");
  const results = contestants.map(() => [] as SteadyResult[]);
  for (let round = 0; round < rounds; round++)
    for (const [index, contestant] of contestants.entries())
      results[index]?.push(await askSteadily(loader, contestant, steadyS));
  await loader.stop();
  return results.map((all) => ({
    steadyP50Ms: median(all.map(({ p50Ms }) => p50Ms)),
    steadyP99Ms: median(all.map(({ p99Ms }) => p99Ms)),
    steadyFailures: all.reduce((sum, { failures }) => sum + failures, 0),
  }));
}

function askSteadily(loader: Worker, { edge }: Contestant, seconds: number) {
  const asked: SteadyLoad = { url: edge.url + path, perSecond: steadyPerSecond, seconds };
  return loader.ask<SteadyResult>(asked);
}
