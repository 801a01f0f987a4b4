/**
 * A matrix of what can go wrong and how RPC platforms take it: one caller, two callees, a steady load of reads and writes, and after
 * two seconds something happens to one callee. All platforms meet the same failure at the same time, side by side; only where the
 * processors are the bottleneck each has the machine for itself.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { median } from "../harness/statistics.ts";
import { peerVersion } from "../harness/tools.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type FailureKind, failsAfterMs, failureKinds } from "./kinds.ts";
import type { LoadRequest, LoadResult, Tally } from "./load.ts";
import { type FailureColumn, failurePeers } from "./peer.ts";

/** One failure and one platform, over all rounds. */
export interface FailureRow {
  readonly failure: string;
  readonly peer: string;
  readonly version?: string;
  /** Why this cannot happen to this platform. Then there are no figures. */
  readonly notApplicable?: string;
  readonly reads?: Tally;
  readonly writes?: Tally;
  readonly large?: Tally;
  /** Writes that were begun more than once. */
  readonly writtenTwice?: number;
  /** What the lost calls said in the last round, numbers left out, and how often. */
  readonly reasons?: Record<string, number>;
}

interface Sample extends LoadResult {
  readonly writtenTwice: number;
}

/** Runs the matrix. `only`: names of platforms and failures, for working on some of them. */
export async function benchFailures(
  rounds: number,
  only: readonly string[],
): Promise<FailureRow[]> {
  const columns = chosen(failurePeers, only);
  const samples = new Map<string, Sample[]>();
  const keyOf = (kind: FailureKind, column: FailureColumn) => `${kind.name} ${column.name}`;
  const kinds = chosen(failureKinds, only);
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const able = columns.filter((column) => whyNot(kind, column) === undefined);
      const results = await measureAll(kind, able);
      for (const [index, column] of able.entries()) {
        const key = keyOf(kind, column);
        const result = results[index];
        if (result) samples.set(key, [...(samples.get(key) ?? []), result]);
      }
    }
  }
  return kinds.flatMap((kind) =>
    columns.map((column) => rowOf(kind, column, samples.get(keyOf(kind, column)) ?? [])),
  );
}

/** Those that are named, or all where none is. */
function chosen<Item extends { readonly name: string }>(
  items: readonly Item[],
  names: readonly string[],
): readonly Item[] {
  const found = items.filter(({ name }) => names.includes(name));
  const isOther = names.some((name) =>
    [...failurePeers, ...failureKinds].every((item) => item.name !== name),
  );
  return found.length > 0 || isOther ? found : items;
}

function whyNot(kind: FailureKind, { withoutRegistry }: FailureColumn): string | undefined {
  return kind.needsRegistry ? withoutRegistry : undefined;
}

async function measureAll(kind: FailureKind, columns: readonly FailureColumn[]): Promise<Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), "dure-bench-"));
  try {
    const starting = columns.map((column) =>
      startFleet(column, { ...kind, folder: mkdtempSync(join(folder, "fleet-")) }),
    );
    const fleets = await Promise.all(starting);
    const samples: Sample[] = [];
    if (kind.isAlone) for (const fleet of fleets) samples.push(await measure(kind, fleet));
    else samples.push(...(await Promise.all(fleets.map((fleet) => measure(kind, fleet)))));
    await Promise.all(fleets.map((fleet) => fleet.stop()));
    return samples;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(kind: FailureKind, fleet: Fleet): Promise<Sample> {
  const { phases, withLarge } = kind;
  const result = fleet.caller.ask<LoadResult>({ phases, withLarge } satisfies LoadRequest);
  await pause(failsAfterMs);
  await kind.happen(fleet);
  return { ...(await result), writtenTwice: fleet.writtenTwice() };
}

function rowOf(kind: FailureKind, column: FailureColumn, samples: readonly Sample[]): FailureRow {
  const notApplicable = whyNot(kind, column);
  const last = samples.at(-1);
  const tally = (of: (sample: Sample) => Tally): Tally => {
    const figure = (name: keyof Tally) => median(samples.map((sample) => of(sample)[name]));
    return {
      calls: figure("calls"),
      lost: figure("lost"),
      hung: figure("hung"),
      inTime: figure("inTime"),
      p90Ms: figure("p90Ms"),
      p99Ms: figure("p99Ms"),
    };
  };
  return {
    failure: kind.name,
    peer: column.name,
    ...(column.package === undefined ? {} : { version: peerVersion(column.package) }),
    ...(notApplicable === undefined ? {} : { notApplicable }),
    ...(last && {
      reads: tally(({ reads }) => reads),
      writes: tally(({ writes }) => writes),
      ...(kind.withLarge ? { large: tally(({ large }) => large) } : {}),
      writtenTwice: median(samples.map(({ writtenTwice }) => writtenTwice)),
      reasons: last.reasons,
    }),
  };
}
