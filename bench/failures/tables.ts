import { count, markdownTable } from "../harness/table.ts";
import type { FailureRow } from "./failures.ts";
import type { Tally } from "./load.ts";

/** The tables for people: what was answered in time, then reads and writes by themselves. */
export function failureTables(rows: readonly FailureRow[]): string {
  return [
    "Answered within a second, of all calls:",
    matrix(rows, "one callee of two", inTimeCell),
    "Reads (may be repeated), with p90 / p99:",
    matrix(rows, "reads", ({ reads, large }) => readsCell(reads, large)),
    "Writes (may not be repeated), with p90 / p99:",
    matrix(rows, "writes", ({ writes, writtenTwice }) => writesCell(writes, writtenTwice)),
  ].join("\n\n");
}

function matrix(
  rows: readonly FailureRow[],
  title: string,
  cellOf: (row: FailureRow) => string,
): string {
  const failures = [...new Set(rows.map(({ failure }) => failure))];
  const first = rows.filter(({ failure }) => failure === failures[0]);
  // "Moleculer, all on" -> "Moleculer 0.15.2, all on"
  const heading = first.map(({ peer, version }) =>
    version ? peer.replace(/^\w+/, (name) => `${name} ${version}`) : peer,
  );
  const body = failures.map((failure) => [
    failure,
    ...rows
      .filter((row) => row.failure === failure)
      .map((row) => (row.notApplicable ? `n/a: ${row.notApplicable}` : cellOf(row))),
  ]);
  return markdownTable([[title, ...heading], ...body]);
}

function inTimeCell({ reads, writes, large }: FailureRow): string {
  const tallies = [reads, writes, large].filter((tally) => tally !== undefined);
  const sum = (of: keyof Tally) => tallies.reduce((total, tally) => total + tally[of], 0);
  // Rounded down: 100 % is all of them.
  return `${(Math.floor((sum("inTime") * 1_000) / sum("calls")) / 10).toFixed(1)} %`;
}

function readsCell(reads: Tally | undefined, large: Tally | undefined): string {
  if (!reads) return "-";
  return large ? `${outcomes(reads)}; 1 MB: ${outcomes(large)}` : outcomes(reads);
}

function writesCell(writes: Tally | undefined, twice = 0): string {
  if (!writes) return "-";
  return twice > 0 ? `${twice} twice, ${outcomes(writes)}` : outcomes(writes);
}

/** `3 lost, 12 hung, 4 / 40 ms`, without what did not happen; the times are p90 and p99. */
function outcomes({ lost, hung, p90Ms, p99Ms }: Tally): string {
  const parts = [
    ...(lost > 0 ? [`${count(lost)} lost`] : []),
    ...(hung > 0 ? [`${count(hung)} hung`] : []),
    `${count(p90Ms)} / ${count(p99Ms)} ms`,
  ];
  return parts.join(", ");
}
