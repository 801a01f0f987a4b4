import { lateMs } from "../harness/http-load.ts";
import { count, markdownTable, ratio } from "../harness/table.ts";
import type { CoresRow, UptimeResult, UptimeRow } from "./uptime.ts";

/** The tables for people, and below them what failed requests said. */
export function uptimeTables({ rows, cores }: UptimeResult): string {
  const reasons = rows.flatMap(({ system, incident, report }) =>
    Object.entries(report.reasons).map(
      ([why, times]) => `${system}, ${incident}: ${times} x ${why}`,
    ),
  );
  const late = rows
    .filter(({ report }) => report.lateShare > 0.01)
    .map(
      ({ system, incident, report }) =>
        `${system}, ${incident}: ${(report.lateShare * 100).toFixed(1)} % were sent more than ${lateMs} ms late`,
    );
  const parts = [
    ...(rows.length > 0 ? [uptimeTable(rows)] : []),
    ...(cores.length > 0 ? [coresTable(cores)] : []),
    ...(reasons.length + late.length > 0 ? [[...reasons, ...late].join("\n")] : []),
  ];
  return parts.join("\n\n");
}

function uptimeTable(rows: readonly UptimeRow[]): string {
  const heading = [
    "what happens",
    "requests",
    "rate /s",
    "reads failed",
    "writes failed",
    "done twice",
    "p50 ms",
    "p99 ms",
    "x normal",
    "max ms",
    "took s",
    "restart ms",
  ];
  const body = rows.map((row) => {
    const { all, tallies } = row.report;
    const normal = rows.find(
      ({ system, incident }) => system === row.system && incident.startsWith("nothing"),
    );
    const { reads, writes } = row.executedTwice;
    return [
      `${row.system}: ${row.incident}`,
      count(all.requests),
      count(row.perSecond),
      count(tallies.read?.failed ?? 0),
      count(tallies.write?.failed ?? 0),
      reads > 0 ? `${reads} reads, ${writes} writes` : count(writes),
      all.p50Ms.toFixed(1),
      all.p99Ms.toFixed(1),
      ratio(all.p99Ms, normal?.report.all.p99Ms),
      count(all.maxMs),
      (row.tookMs / 1_000).toFixed(1),
      row.restartMs === undefined ? "" : count(row.restartMs),
    ];
  });
  return markdownTable([heading, ...body]);
}

function coresTable(cores: readonly CoresRow[]): string {
  const reference = cores.find(({ system }) => system === "node:cluster")?.perSecond ?? [];
  const heading = ["requests/s", "1 worker", "2 workers", "2 to 1", "of node:cluster"];
  const body = cores.map(({ system, perSecond: [one = Number.NaN, two = Number.NaN] }) => [
    system,
    count(one),
    count(two),
    ratio(two, one),
    `${ratio(one, reference[0])} / ${ratio(two, reference[1])}`,
  ]);
  return markdownTable([heading, ...body]);
}
