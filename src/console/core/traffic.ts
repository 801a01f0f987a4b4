/** Who calls whom how often, from what every node measured of the calls that it worked on. */
import type { z } from "zod";
import type { FleetEdge, NodeLoad, OperationTraffic, Totals } from "../schemas/fleet.ts";
import type { CallRate, Measured } from "./node-meter.ts";
import { type Buckets, quantile, sumOf } from "./quantile.ts";

/** A rate that is as good as none: what was not called for a while is not shown as an edge. */
const perSMin = 0.001;

/** A call that waits until there is something to tell: how long it takes says nothing of how fast anybody is. */
const isWaiting = ({ service, operation }: CallRate) =>
  service === "eventlog" && operation === "poll";

/** How many, how well and how fast, of any calls. */
interface Summary {
  readonly perS: number;
  readonly errorShare: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** How busy a node is. Rounded, so that a change that nobody would see is none. */
export function loadOf(id: string, measured: Measured): z.infer<typeof NodeLoad> {
  const { perS, errorShare, p99Ms } = summaryOf([measured]);
  const gauge = (name: string) => measured.gauges(name)[0]?.total ?? null;
  const memory = gauge("process_resident_memory_bytes");
  const lag = measured
    .gauges("nodejs_eventloop_lag_seconds")
    .find(({ labels }) => labels.quantile === "0.99");
  const distributors = measured.gauges("dure_registry_connected").map(({ labels, total }) => ({
    address: labels.distributor ?? "",
    isConnected: total === 1,
  }));
  const cpu = measured.counters("process_cpu_seconds_total")[0]?.perS;
  return {
    ...{ id, perS, errorShare, p99Ms },
    inFlight: gauge("dure_server_in_flight") ?? 0,
    memoryBytes: memory === null ? null : Math.round(memory / 2 ** 20) * 2 ** 20,
    cpuShare: cpu === undefined ? null : Math.round(cpu * 100) / 100,
    loopLagMs: lag ? rounded(lag.total * 1_000) : null,
    distributors: distributors.length === 0 ? null : distributors,
  };
}

/** The edges of the call graph. */
export function edgesOf(nodes: readonly Measured[]): z.infer<typeof FleetEdge>[] {
  return grouped(nodes, ({ service, caller }) => service !== "" && [caller, service]).map(
    ({ names: [from = "", to = ""], summary }) => ({ from, to, ...summary }),
  );
}

/** The traffic of one service. */
export function operationsOf(
  nodes: readonly Measured[],
  wanted: string,
): z.infer<typeof OperationTraffic>[] {
  return grouped(
    nodes,
    ({ service, operation, caller }) => service === wanted && [operation, caller],
  ).map(({ names: [operation = "", caller = ""], summary }) => ({ operation, caller, ...summary }));
}

/** All calls together. */
export function totalsOf(nodes: readonly Measured[]): z.infer<typeof Totals> {
  const { perS, errorShare, p99Ms } = summaryOf(nodes);
  return { perS, errorShare, p99Ms };
}

function summaryOf(nodes: readonly Measured[]): Summary {
  return summarised(
    nodes.flatMap(({ calls }) => calls),
    boundsOf(nodes),
  );
}

/** All nodes of one version of Dure have the same bounds. */
function boundsOf(nodes: readonly Measured[]): readonly number[] {
  return nodes.find(({ bounds }) => bounds.length > 0)?.bounds ?? [];
}

function grouped(
  nodes: readonly Measured[],
  namesOf: (call: CallRate) => readonly string[] | false,
): { readonly names: readonly string[]; readonly summary: Summary }[] {
  const bounds = boundsOf(nodes);
  const groups = new Map<string, { readonly names: readonly string[]; calls: CallRate[] }>();
  for (const { calls } of nodes) {
    for (const call of calls) {
      const names = namesOf(call);
      if (!names) continue;
      const key = names.join("\0");
      const group = groups.get(key) ?? { names, calls: [] };
      group.calls.push(call);
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .map(({ names, calls }) => ({ names, summary: summarised(calls, bounds) }))
    .filter(({ summary }) => summary.perS >= perSMin);
}

function summarised(calls: readonly CallRate[], bounds: readonly number[]): Summary {
  const perS = calls.reduce((sum, call) => sum + call.perS, 0);
  const failedPerS = calls.reduce((sum, call) => sum + (call.isFailed ? call.perS : 0), 0);
  const buckets = sumOf(calls.flatMap((call) => (isWaiting(call) ? [] : [call.bucketsPerS])));
  return {
    perS: rounded(perS),
    errorShare: perS > 0 ? rounded(failedPerS / perS) : 0,
    p50Ms: millisecondsAt(buckets, bounds, 0.5),
    p99Ms: millisecondsAt(buckets, bounds, 0.99),
  };
}

function millisecondsAt(buckets: Buckets, bounds: readonly number[], share: number): number | null {
  const seconds = quantile(buckets, bounds, share);
  return seconds === null ? null : rounded(seconds * 1_000);
}

/** Two digits are all that an estimate from buckets, or a rate over seconds, is good for. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}
