/**
 * Calls between two processes, every peer in the same run: all start, all are warmed up, then they take turns round by round,
 * so that whatever else the machine does hits them alike.
 */
import { cpuMsOfTrees } from "../harness/cpu.ts";
import { startWorker, type Worker } from "../harness/processes.ts";
import { median, type Spread, spread } from "../harness/statistics.ts";
import { count, markdownTable, ratio } from "../harness/table.ts";
import { peerVersion } from "../harness/tools.ts";
import type { RoundRequest, RoundResult } from "./load.ts";
import { callPeers } from "./peer.ts";

/** Calls in flight, and how long a round lasts: short, so that a slow moment of the machine costs a round and no more. */
const loads = [
  { inFlight: 64, roundMs: 500, warmUpMs: 2_500 },
  { inFlight: 1, roundMs: 300, warmUpMs: 500 },
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
  /** Round by round. */
  readonly rounds: {
    readonly callsPerSecond: readonly number[];
    readonly p99Us: readonly number[];
  };
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
      // Back and forth, so that nobody always follows the same one.
      for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
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
  const rounds = {
    callsPerSecond: samples.map(({ callsPerSecond }) => callsPerSecond),
    p99Us: samples.map(({ p99Us }) => p99Us),
  };
  return {
    peer: name,
    ...(main === undefined ? {} : { version: peerVersion(main) }),
    inFlight,
    callsPerSecond: spread(rounds.callsPerSecond),
    p50Us: median(samples.map(({ p50Us }) => p50Us)),
    p99Us: median(rounds.p99Us),
    rounds,
    cpuUsPerCall: median(samples.map(({ cpuUsPerCall }) => cpuUsPerCall)),
  };
}

/**
 * The tables for people: one for each load, with ratios to the bare echo and of Dure to each peer. Ratios are taken round by round, of
 * rounds that follow each other; the median of them is shown.
 */
export function callsTables(rows: readonly CallsRow[]): string {
  return loads
    .map(({ inFlight }) => {
      const mine = rows.filter((row) => row.inFlight === inFlight);
      const roundsOf = (peer: string) => mine.find((row) => row.peer === peer)?.rounds;
      const echo = roundsOf("bare echo");
      const dure = roundsOf("Dure");
      const table = mine.map(({ peer, version, callsPerSecond, rounds, ...row }) => [
        version === undefined ? peer : `${peer} ${version}`,
        count(callsPerSecond.median),
        `${count(callsPerSecond.min)} - ${count(callsPerSecond.max)}`,
        pairedRatio(rounds.callsPerSecond, echo?.callsPerSecond),
        pairedRatio(dure?.callsPerSecond, rounds.callsPerSecond),
        count(row.p50Us),
        count(row.p99Us),
        pairedRatio(rounds.p99Us, echo?.p99Us),
        row.cpuUsPerCall.toFixed(1),
      ]);
      const heading = [
        `${inFlight} in flight`,
        "calls/s",
        "lowest - highest",
        "of bare echo",
        "Dure is x",
        "p50 us",
        "p99 us",
        "of bare echo's",
        "CPU us/call",
      ];
      return markdownTable([heading, ...table]);
    })
    .join("\n\n");
}

/** The median of what each round's value is of the other's in the same round. */
function pairedRatio(values: readonly number[] = [], to: readonly number[] = []): string {
  return ratio(median(values.map((value, round) => value / (to[round] ?? Number.NaN))), 1);
}
