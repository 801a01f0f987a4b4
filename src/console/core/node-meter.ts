/**
 * Turns what one node has counted since it began into what it does now: the difference of two readings, by the time between them.
 * Pure: readings come in with their time.
 */
import { isErrorCode } from "../../kit/index.ts";
import type { MetricFamily } from "../../telemetry/index.ts";
import type { Buckets } from "./quantile.ts";

/** Calls of one kind that a node worked on. */
export interface CallRate {
  /** Empty for a request over HTTP. */
  readonly service: string;
  readonly operation: string;
  readonly caller: string;
  /** Whether the platform failed; a contract's own errors are answers. */
  readonly isFailed: boolean;
  readonly perS: number;
  readonly bucketsPerS: Buckets;
}

/** A counter with its labels. */
export interface CounterRate {
  readonly labels: Readonly<Record<string, string>>;
  readonly total: number;
  readonly perS: number;
}

/** What one node does now. */
export interface Measured {
  readonly calls: readonly CallRate[];
  /** Upper bounds of the buckets, in seconds. */
  readonly bounds: readonly number[];
  /** Of a counter by its name; empty for what the node does not count. */
  counters(name: string): readonly CounterRate[];
  gauges(name: string): readonly Omit<CounterRate, "perS">[];
}

/** Series of one metric that are looked at; a node that counts more is shown with these. */
const seriesMax = 400;
const serverDuration = "dure_server_duration_seconds";
const gatewayDuration = "dure_gateway_duration_seconds";

interface Series {
  readonly labels: Record<string, string>;
  readonly cumulative: number[];
  readonly bounds: number[];
}

export class NodeMeter {
  #former = new Map<string, number>();
  #formerAt: number | undefined;

  /** @param at monotonic, in ms. Two readings of one moment are one: the second tells nothing new. */
  take(families: readonly MetricFamily[], at: number): Measured {
    const elapsedS = this.#formerAt === undefined ? 0 : (at - this.#formerAt) / 1_000;
    const next = new Map<string, number>();
    const perS = (key: string, value: number) => {
      next.set(key, value);
      if (elapsedS <= 0) return 0;
      return Math.max(0, value - (this.#former.get(key) ?? 0)) / elapsedS;
    };
    const byName = new Map(families.map((family) => [family.name, family]));
    const calls: CallRate[] = [];
    let bounds: readonly number[] = [];
    for (const name of [serverDuration, gatewayDuration]) {
      for (const series of seriesOf(byName.get(name))) {
        const key = `${name} ${Object.values(series.labels).join("\0")}`;
        const rates = series.cumulative.map((count, index) => perS(`${key} ${index}`, count));
        bounds = series.bounds;
        calls.push(callOf(series.labels, rates));
      }
    }
    const counters = new Map<string, CounterRate[]>();
    for (const { name, type, samples } of families) {
      if (type !== "counter") continue;
      const rates = samples.slice(0, seriesMax).map(([, labels, total]) => {
        return { labels, total, perS: perS(`${name} ${Object.values(labels).join("\0")}`, total) };
      });
      counters.set(name, rates);
    }
    this.#former = next;
    this.#formerAt = at;
    return {
      calls,
      bounds,
      counters: (name) => counters.get(name) ?? [],
      gauges: (name) =>
        (byName.get(name)?.samples ?? [])
          .slice(0, seriesMax)
          .map(([, labels, total]) => ({ labels, total })),
    };
  }
}

function callOf(labels: Readonly<Record<string, string>>, cumulativeRates: number[]): CallRate {
  const { service = "", operation = labels.route ?? "", caller = "", code, status = "" } = labels;
  return {
    ...{ service, operation, caller },
    isFailed: code === undefined ? status >= "500" : isErrorCode(code),
    perS: cumulativeRates.at(-1) ?? 0,
    bucketsPerS: cumulativeRates.map((rate, index) =>
      Math.max(0, rate - (cumulativeRates[index - 1] ?? 0)),
    ),
  };
}

/** The histograms of a family: of each its labels and, bound by bound, how many were not above it. */
function seriesOf(family: MetricFamily | undefined): Iterable<Series> {
  const found = new Map<string, Series>();
  for (const [suffix, { le, ...labels }, value] of family?.samples ?? []) {
    if (suffix !== "_bucket") continue;
    const key = Object.values(labels).join("\0");
    let series = found.get(key);
    if (!series) {
      if (found.size === seriesMax) continue;
      series = { labels, cumulative: [], bounds: [] };
      found.set(key, series);
    }
    series.cumulative.push(value);
    if (le !== "+Inf") series.bounds.push(Number(le));
  }
  return found.values();
}
