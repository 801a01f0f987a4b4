/** The last minutes of the whole fleet's traffic, for the charts: at most 300 moments. */
import { signal } from "@preact/signals";
import type { FleetUpdate } from "./types.ts";

export interface Moment {
  /** In s since 1970. */
  readonly atS: number;
  readonly perS: number;
  readonly errorShare: number;
  readonly p99Ms: number | null;
}

const momentsMax = 300;

export const moments = signal<readonly Moment[]>([]);

/** Adds an update's totals. */
export function keepTotals({ at, totals }: FleetUpdate): void {
  const last = moments.value.at(-1);
  if (last && at / 1_000 - last.atS < 0.5) return;
  moments.value = [...moments.value.slice(1 - momentsMax), { atS: at / 1_000, ...totals }];
}
