import { count, markdownTable, ratio } from "../harness/table.ts";
import type { EdgeRow } from "./rounds.ts";

/** The table for people, with ratios to the contestant called `reference`. `further`: columns of one part only. */
export function edgeTable(
  rows: readonly EdgeRow[],
  reference: string,
  further: readonly (readonly [heading: string, value: (row: EdgeRow) => string])[] = [],
): string {
  const to = rows.find((row) => row.peer === reference);
  const table = rows.map((row) => {
    const { requestsPerSecond: rate, cpuUsPerRequest: cpu } = row;
    return [
      row.version === undefined ? row.peer : `${row.peer} ${row.version}`,
      count(rate.median),
      `${count(rate.min)} - ${count(rate.max)}`,
      ratio(rate.median, to?.requestsPerSecond.median),
      cpu.median.toFixed(1),
      ratio(cpu.median, to?.cpuUsPerRequest.median),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      ...further.map(([, value]) => value(row)),
    ];
  });
  const heading = [
    ...["edge", "requests/s", "lowest - highest", `of ${reference}`, "CPU us/request"],
    ...[`of ${reference}`, "p50 ms", "p99 ms", ...further.map(([title]) => title)],
  ];
  return markdownTable([heading, ...table]);
}
