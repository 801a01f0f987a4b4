import type { MachineUse } from "../harness/cpu.ts";
import { lateMs } from "../harness/http-load.ts";
import { median } from "../harness/statistics.ts";
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
    "before",
    "x before",
    "max ms",
    "busy %",
    "stolen %",
    "took s",
    "restart ms",
  ];
  const rounds = Map.groupBy(rows, ({ system, incident }) => `${system}: ${incident}`);
  const body = [...rounds].map(([what, all]) => rowOf(what, all));
  return markdownTable([heading, ...body]);
}

/** Counts are of all rounds, times and shares the medians of them. */
function rowOf(what: string, rounds: readonly UptimeRow[]): string[] {
  const sum = (of: (row: UptimeRow) => number) => rounds.reduce((total, row) => total + of(row), 0);
  const middle = (of: (row: UptimeRow) => number) => median(rounds.map(of));
  const reads = sum(({ executedTwice }) => executedTwice.reads);
  const writes = sum(({ executedTwice }) => executedTwice.writes);
  const percents = (of: keyof MachineUse) =>
    [middle(({ machine }) => machine.before[of]), middle(({ machine }) => machine.during[of])]
      .map((share) => count(share * 100))
      .join(", ");
  const restartMs = middle((row) => row.restartMs ?? Number.NaN);
  return [
    what,
    count(sum(({ report }) => report.all.requests)),
    count(middle(({ perSecond }) => perSecond)),
    count(sum(({ report }) => report.tallies.read?.failed ?? 0)),
    count(sum(({ report }) => report.tallies.write?.failed ?? 0)),
    reads > 0 ? `${reads} reads, ${writes} writes` : count(writes),
    middle(({ report }) => report.all.p50Ms).toFixed(1),
    middle(({ report }) => report.all.p99Ms).toFixed(1),
    middle(({ before }) => before.all.p99Ms).toFixed(1),
    ratio(
      middle(({ report, before }) => report.all.p99Ms / before.all.p99Ms),
      1,
    ),
    count(Math.max(...rounds.map(({ report }) => report.all.maxMs))),
    percents("busy"),
    percents("stolen"),
    (middle(({ tookMs }) => tookMs) / 1_000).toFixed(1),
    Number.isNaN(restartMs) ? "" : count(restartMs),
  ];
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
