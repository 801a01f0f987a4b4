/** The event that every peer publishes: 256 bytes of JSON. */
import { hrtime } from "node:process";

/** What happened. */
export interface Note {
  readonly id: number;
  /** When it was published, or should have been, on the machine's monotonic clock, in us. */
  readonly atUs: number;
  /** Dure's key: one of 1,000. */
  readonly member: string;
  readonly text: string;
}

const text =
  "A tea bowl in the colour of the sky after rain, thrown and glazed by hand in Icheon; no two are alike. Fired twice, signed below the foot.";

/** The event of this number; `at` in ms of {@link monotonicMs}. */
export function noteOf(id: number, atMs: number): Note {
  return {
    id: 1_000_000_000 + id,
    atUs: Math.round(atMs * 1_000),
    member: `member-0000${1_000 + (id % 1_000)}`,
    text: `${text} Shelf 47/11, third row, wrapped in paper.`,
  };
}

/** Ms on a clock that all processes of a machine share (CLOCK_MONOTONIC). */
export function monotonicMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}
