import { count, markdownTable, ratio } from "../harness/table.ts";
import type { EventsRow } from "./events.ts";

/** The tables for people: one for each cell, with the ratio of Dure to each peer. */
export function eventsTables(rows: readonly EventsRow[]): string {
  const cells = Map.groupBy(rows, ({ cell }) => cell);
  return [...cells].map(([cell, mine]) => tableOf(cell, mine)).join("\n\n");
}

function tableOf(cell: string, rows: readonly EventsRow[]): string {
  const dure = rows.find(({ peer }) => peer.startsWith("Dure"))?.eventsPerSecond?.median;
  const isTimed = rows.some(({ p99Us }) => p99Us !== undefined);
  const isRated = dure !== undefined || rows.some((row) => row.eventsPerSecond);
  const rate = ["events/s", "lowest - highest", "Dure is x"];
  const heading = [
    cell,
    "an acknowledged event is",
    ...(isRated ? rate : []),
    ...(isTimed ? ["p50 us", "p99 us"] : []),
    ...(isRated ? ["CPU us/event"] : []),
  ];
  return markdownTable([heading, ...rows.map((row) => cellsOf(row, { dure, isTimed, isRated }))]);
}

function cellsOf(
  row: EventsRow,
  shape: { dure: number | undefined; isTimed: boolean; isRated: boolean },
): string[] {
  const { peer, durability, eventsPerSecond: rate, p50Us = Number.NaN, p99Us = Number.NaN } = row;
  const rated = [
    count(rate?.median ?? Number.NaN),
    `${count(rate?.min ?? Number.NaN)} - ${count(rate?.max ?? Number.NaN)}`,
    ratio(shape.dure ?? Number.NaN, rate?.median),
  ];
  return [
    peer,
    durability,
    ...(shape.isRated ? rated : []),
    ...(shape.isTimed ? [count(p50Us), count(p99Us)] : []),
    ...(shape.isRated ? [(row.cpuUsPerEvent ?? Number.NaN).toFixed(1)] : []),
  ];
}
