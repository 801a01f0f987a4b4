/**
 * HTTP through an edge to a service, every contestant in the same run and under the same wrk, taking turns round by round.
 * What counts most is the CPU time per request of edge and service together: on a machine whose cores are all busy with the
 * load itself, requests per second say little about what more machines would do.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer } from "../calls/messages.ts";
import { cpuMsOfTrees } from "../harness/cpu.ts";
import { type Spread, spread } from "../harness/statistics.ts";
import { count, markdownTable, ratio } from "../harness/table.ts";
import { peerVersion } from "../harness/tools.ts";
import { runWrk, type WrkResult } from "../harness/wrk.ts";
import type { EdgePeer, RunningEdge } from "./peer.ts";
import { edgePeers } from "./peers.ts";

const path = "/products/7";
const roundS = 5;
const warmUpS = 2;

/** One contestant over all rounds. */
export interface EdgeRow {
  readonly peer: string;
  readonly version?: string;
  readonly requestsPerSecond: Spread;
  readonly cpuUsPerRequest: Spread;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Sample extends WrkResult {
  readonly cpuUsPerRequest: number;
}

/** Runs the benchmark. `only`: names of contestants, for working on one of them. */
export async function benchEdge(rounds: number, only: readonly string[]): Promise<EdgeRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "dure-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const running: { peer: EdgePeer; edge: RunningEdge; samples: Sample[] }[] = [];
  for (const peer of edgePeers) {
    if (only.length > 0 && !only.includes(peer.name)) continue;
    const own = join(folder, String(running.length));
    mkdirSync(own);
    const edge = await peer.start(own);
    await checkAnswer(peer.name, edge.url);
    running.push({ peer, edge, samples: [] });
  }
  for (const { edge } of running) await runWrk(edge.url + path, warmUpS);
  for (let round = 0; round < rounds; round++) {
    for (const { peer, edge, samples } of running) samples.push(await measure(peer.name, edge));
  }
  await Promise.all(running.flatMap(({ edge }) => edge.programs.map((program) => program.stop())));
  return running.map(({ peer, samples }) => rowOf(peer, samples));
}

/** Every contestant must answer the same; a fast error page is not a result. */
async function checkAnswer(name: string, url: string): Promise<void> {
  const response = await fetch(url + path);
  const text = await response.text();
  const expected = JSON.stringify(answer({ id: 7, currency: "KRW" }));
  if (response.status !== 200 || text !== expected) {
    throw new Error(`${name} answered ${response.status} ${text}`);
  }
}

async function measure(name: string, { url, programs }: RunningEdge): Promise<Sample> {
  const pids = programs.map(({ pid }) => pid);
  const cpuMsBefore = cpuMsOfTrees(pids);
  const result = await runWrk(url + path, roundS);
  const cpuMs = cpuMsOfTrees(pids) - cpuMsBefore;
  if (result.failures > 0) throw new Error(`${name}: ${result.failures} requests failed`);
  return { ...result, cpuUsPerRequest: (cpuMs * 1_000) / result.requests };
}

function rowOf({ name, version }: EdgePeer, samples: readonly Sample[]): EdgeRow {
  return {
    peer: name,
    ...(version === undefined ? {} : { version: versionOf(version) }),
    requestsPerSecond: spread(samples.map((sample) => sample.requestsPerSecond)),
    cpuUsPerRequest: spread(samples.map((sample) => sample.cpuUsPerRequest)),
    p50Ms: spread(samples.map((sample) => sample.p50Ms)).median,
    p99Ms: spread(samples.map((sample) => sample.p99Ms)).median,
  };
}

function versionOf(version: NonNullable<EdgePeer["version"]>): string {
  if ("package" in version) return peerVersion(version.package);
  const [command = "", ...args] = version.command;
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? "unknown";
}

/** The table for people, with ratios to nginx. */
export function edgeTable(rows: readonly EdgeRow[]): string {
  const nginx = rows.find((row) => row.peer === "nginx");
  const table = rows.map((row) => {
    const { requestsPerSecond: rate, cpuUsPerRequest: cpu } = row;
    return [
      row.version === undefined ? row.peer : `${row.peer} ${row.version}`,
      count(rate.median),
      `${count(rate.min)} - ${count(rate.max)}`,
      ratio(rate.median, nginx?.requestsPerSecond.median),
      cpu.median.toFixed(1),
      ratio(cpu.median, nginx?.cpuUsPerRequest.median),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
    ];
  });
  const heading = [
    "edge",
    "requests/s",
    "lowest - highest",
    "of nginx",
    "CPU us/request",
    "of nginx",
    "p50 ms",
    "p99 ms",
  ];
  return markdownTable([heading, ...table]);
}
