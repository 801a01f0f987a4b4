/**
 * Calls between two processes, every peer in the same run: all start, all are warmed up, then they take turns round by round,
 * so that whatever else the machine does hits them alike.
 */
import { cpuMsOfTrees } from "../harness/cpu.ts";
import { startWorker, type Worker } from "../harness/processes.ts";
import { type Spread, spread } from "../harness/statistics.ts";
import { count, markdownTable, ratio } from "../harness/table.ts";
import { peerVersion } from "../harness/tools.ts";
import type { RoundRequest, RoundResult } from "./load.ts";
import { callPeers } from "./peer.ts";

/** Calls in flight, and how long a round lasts. A lone call needs fewer samples to settle. */
const loads = [
  { inFlight: 64, roundMs: 1_500, warmUpMs: 2_500 },
  { inFlight: 1, roundMs: 800, warmUpMs: 500 },
] as const;
/** Run before each round and not counted: the peers before it have emptied the caches. */
const rampMs = 150;
const callsMax = 1_000_000;

/** One peer under one load, over all rounds. */
export interface CallsRow {
  readonly peer: string;
  readonly version?: string;
  readonly inFlight: number;
  readonly callsPerSecond: Spread;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of caller and callee together. */
  readonly cpuUsPerCall: number;
}

interface Contestant {
  readonly name: string;
  readonly packages: readonly string[];
  readonly callee: Worker;
  readonly caller: Worker;
}

interface Sample extends RoundResult {
  readonly cpuUsPerCall: number;
}

/** Runs the benchmark. `only`: names of peers, for working on one of them. */
export async function benchCalls(rounds: number, only: readonly string[]): Promise<CallsRow[]> {
  const contestants: Contestant[] = [];
  for (const { name, file, packages } of callPeers) {
    if (only.length > 0 && !only.includes(name)) continue;
    const module = new URL("./process.ts", import.meta.url);
    const callee = await startWorker(module, [file, "callee"]);
    const caller = await startWorker(module, [file, "caller", callee.address]);
    contestants.push({ name, packages, callee, caller });
  }
  const samples = new Map<string, Sample[]>();
  for (const { inFlight, roundMs, warmUpMs } of loads) {
    for (const { caller } of contestants) {
      await caller.ask({ inFlight, forMs: warmUpMs, callsMax } satisfies RoundRequest);
    }
    for (let round = 0; round < rounds; round++) {
      for (const contestant of contestants) {
        const sample = await measureRound(contestant, { inFlight, forMs: roundMs, callsMax });
        const key = `${inFlight} ${contestant.name}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
  }
  await Promise.all(contestants.flatMap(({ caller, callee }) => [caller.stop(), callee.stop()]));
  return loads.flatMap(({ inFlight }) =>
    contestants.map((contestant) =>
      rowOf(contestant, inFlight, samples.get(`${inFlight} ${contestant.name}`) ?? []),
    ),
  );
}

async function measureRound(
  { caller, callee }: Contestant,
  request: RoundRequest,
): Promise<Sample> {
  await caller.ask({ ...request, forMs: rampMs } satisfies RoundRequest);
  const pids = [caller.pid, callee.pid];
  const cpuMsBefore = cpuMsOfTrees(pids);
  const result = await caller.ask<RoundResult>(request);
  const cpuMs = cpuMsOfTrees(pids) - cpuMsBefore;
  return { ...result, cpuUsPerCall: (cpuMs * 1_000) / result.calls };
}

function rowOf({ name, packages }: Contestant, inFlight: number, samples: Sample[]): CallsRow {
  const [main] = packages;
  return {
    peer: name,
    ...(main === undefined ? {} : { version: peerVersion(main) }),
    inFlight,
    callsPerSecond: spread(samples.map((sample) => sample.callsPerSecond)),
    p50Us: spread(samples.map((sample) => sample.p50Us)).median,
    p99Us: spread(samples.map((sample) => sample.p99Us)).median,
    cpuUsPerCall: spread(samples.map((sample) => sample.cpuUsPerCall)).median,
  };
}

/** The tables for people: one for each load, ratios to the bare echo and of Dure to each peer. */
export function callsTables(rows: readonly CallsRow[]): string {
  return loads
    .map(({ inFlight }) => {
      const mine = rows.filter((row) => row.inFlight === inFlight);
      const rateOf = (peer: string) => mine.find((row) => row.peer === peer)?.callsPerSecond.median;
      const table = mine.map((row) => {
        const { median, min, max } = row.callsPerSecond;
        return [
          row.version === undefined ? row.peer : `${row.peer} ${row.version}`,
          count(median),
          `${count(min)} - ${count(max)}`,
          ratio(median, rateOf("bare echo")),
          ratio(rateOf("Dure") ?? Number.NaN, median),
          count(row.p50Us),
          count(row.p99Us),
          row.cpuUsPerCall.toFixed(1),
        ];
      });
      const heading = [
        `${inFlight} in flight`,
        "calls/s",
        "lowest - highest",
        "of bare echo",
        "Dure is x",
        "p50 us",
        "p99 us",
        "CPU us/call",
      ];
      return markdownTable([heading, ...table]);
    })
    .join("\n\n");
}
