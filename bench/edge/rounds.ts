/**
 * Contestants under the same load, taking turns round by round. What counts most is the CPU time per request of edge and service
 * together: on a machine whose cores are all busy with the load itself, requests per second say little about what more machines would do.
 */
import { spawnSync } from "node:child_process";
import { answer } from "../calls/messages.ts";
import { cpuMsOfTrees } from "../harness/cpu.ts";
import { type Spread, spread } from "../harness/statistics.ts";
import { peerVersion } from "../harness/tools.ts";
import { runWrk, type WrkLoad, type WrkResult } from "../harness/wrk.ts";
import type { EdgePeer, RunningEdge } from "./peer.ts";

const roundS = 5;
const warmUpS = 2;
/** After so many requests the code that runs most is compiled; a number and not a time, for machines that others use too. */
const warmUpRequests = 40_000;
const warmUpTurnsMax = 8;

/** Something that answers `GET /products/7`, or another path with the same answer. */
export interface Contestant {
  readonly name: string;
  readonly version?: EdgePeer["version"];
  readonly edge: RunningEdge;
  readonly path: string;
  readonly load?: WrkLoad;
}

/** One contestant over all rounds. */
export interface EdgeRow {
  readonly peer: string;
  readonly version?: string;
  readonly requestsPerSecond: Spread;
  readonly cpuUsPerRequest: Spread;
  /** Of the edge's own process, without the service. */
  readonly edgeUsPerRequest: Spread;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Sample extends WrkResult {
  readonly cpuUsPerRequest: number;
  readonly edgeUsPerRequest: number;
}

/** Measures all of them, which are warm, and stops what they run. */
export async function measureInTurns(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<EdgeRow[]> {
  const all = contestants.map((contestant) => ({ contestant, samples: [] as Sample[] }));
  for (let round = 0; round < rounds; round++)
    for (const { contestant, samples } of all) samples.push(await measure(contestant));
  await Promise.all(
    contestants.flatMap(({ edge }) => edge.programs.map((program) => program.stop())),
  );
  return all.map(({ contestant, samples }) => rowOf(contestant, samples));
}

/** Makes a contestant ready to be measured. */
export async function warmUp({ edge, path, load }: Contestant): Promise<void> {
  let requests = 0;
  for (let turn = 0; turn < warmUpTurnsMax && requests < warmUpRequests; turn++)
    requests += (await runWrk(edge.url + path, warmUpS, load)).requests;
}

/** Every contestant must answer the same; a fast error page is not a result. */
export async function checkAnswer({ name, edge, path, load }: Contestant): Promise<void> {
  const headers = (load?.headers ?? []).map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const response = await fetch(edge.url + path, { headers });
  const text = await response.text();
  const expected = JSON.stringify(answer({ id: 7, currency: "KRW" }));
  if (response.status !== 200 || text !== expected)
    throw new Error(`${name} answered ${response.status} ${text}`);
}

async function measure({ name, edge, path, load }: Contestant): Promise<Sample> {
  const pids = edge.programs.map(({ pid }) => pid);
  const cpuMs = () => [cpuMsOfTrees(pids), cpuMsOfTrees(pids.slice(0, 1))] as const;
  const before = cpuMs();
  const result = await runWrk(edge.url + path, roundS, load);
  const after = cpuMs();
  if (result.failures > 0) throw new Error(`${name}: ${result.failures} requests failed`);
  return {
    ...result,
    cpuUsPerRequest: ((after[0] - before[0]) * 1_000) / result.requests,
    edgeUsPerRequest: ((after[1] - before[1]) * 1_000) / result.requests,
  };
}

function rowOf({ name, version }: Contestant, samples: readonly Sample[]): EdgeRow {
  return {
    peer: name,
    ...(version === undefined ? {} : { version: versionOf(version) }),
    requestsPerSecond: spread(samples.map((sample) => sample.requestsPerSecond)),
    cpuUsPerRequest: spread(samples.map((sample) => sample.cpuUsPerRequest)),
    edgeUsPerRequest: spread(samples.map((sample) => sample.edgeUsPerRequest)),
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
