/** Many connections: the memory of those that wait, and what becomes of requests when as many ask at once. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { residentBytesOfTree } from "../harness/cpu.ts";
import { descriptorsMax } from "../harness/descriptors.ts";
import { median } from "../harness/statistics.ts";
import { count, markdownTable } from "../harness/table.ts";
import { runWrk, type WrkResult } from "../harness/wrk.ts";
import { runFolder } from "./edge.ts";
import { startDure } from "./fleet.ts";
import { startNginx } from "./nginx.ts";
import { type RunningEdge, startModule, startService } from "./peer.ts";

/** What the gateway takes by default is as many; the parent's own look at the answer needs a few more. */
const connectionsWanted = 10_000;
/** A proxy that asks its service over HTTP/1.1 has two descriptors for each request at work, and some for itself and for clients that left. */
const descriptorsOfOne = 2;
const descriptorsOfItself = 1_000;
const dureConnectionsMax = 20_000;
const path = "/products/7";
const roundS = 5;
/** Until an edge has tidied up after the clients that came: longer than any of them takes. */
const settleMs = 2_000;

interface ConnectionsRow {
  readonly edge: string;
  readonly idleBytesPerConnection: number;
  readonly answered: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

/** Runs the benchmark; with fewer connections where the system does not let a process have the descriptors. */
export async function benchConnections(rounds: number) {
  const possible = Math.floor((descriptorsMax() - descriptorsOfItself) / descriptorsOfOne);
  const connections = Math.min(connectionsWanted, possible);
  const folder = join(runFolder(), "nginx");
  mkdirSync(folder);
  const service = await startService();
  const edges: [string, RunningEdge][] = [
    ["no edge, node:http", { url: service.address, programs: [service] }],
    ["nginx", await startNginx(folder, { idleMax: connections })],
    ["Dure", await startDure({ limits: { connectionsMax: dureConnectionsMax } })],
  ];
  const rows: ConnectionsRow[] = [];
  for (const [name, edge] of edges) rows.push(await measure(name, edge, { rounds, connections }));
  const heading = [
    ...["edge", "bytes an idle connection"],
    ...[`of ${count(connections)} answered`, `requests/s of ${count(connections)}`],
    ...["p50 ms", "p99 ms", "failed, or above 2 s"],
  ];
  const table = rows.map((row) => [
    row.edge,
    count(row.idleBytesPerConnection),
    count(row.answered),
    count(row.requestsPerSecond),
    row.p50Ms.toFixed(0),
    row.p99Ms.toFixed(0),
    count(row.failures),
  ]);
  return { rows, text: markdownTable([heading, ...table]) };
}

async function measure(
  name: string,
  edge: RunningEdge,
  { rounds, connections }: { readonly rounds: number; readonly connections: number },
): Promise<ConnectionsRow> {
  const url = edge.url + path;
  // The first requests of all need memory that has nothing to do with connections.
  await runWrk(url, 2);
  await pause(settleMs);
  const clients = await startModule("./idle-clients.ts");
  const before = residentOfEdge(edge);
  const answered = await clients.ask<number>({ url, count: connections });
  await pause(settleMs);
  const idleBytes = (residentOfEdge(edge) - before) / connections;
  await clients.stop();
  const results: WrkResult[] = [];
  for (let round = 0; round < rounds; round++) {
    // Those of the clients before are closed then: both together would be more than an edge may have.
    await pause(settleMs);
    results.push(await runWrk(url, roundS, { connections }));
  }
  await Promise.all(edge.programs.map((program) => program.stop()));
  const of = (figure: (result: WrkResult) => number) => median(results.map(figure));
  return {
    edge: name,
    idleBytesPerConnection: idleBytes,
    answered,
    requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    failures: results.reduce((sum, { failures }) => sum + failures, 0),
  };
}

/** The edge is the first of its programs. */
function residentOfEdge({ programs: [edge] }: RunningEdge): number {
  return edge ? residentBytesOfTree(edge.pid) : 0;
}
