import type { MetricFamily, Sample } from "./exposition.ts";
import { DurationHistogram, durationBounds } from "./histogram.ts";
import { LabelledSeries } from "./label-values.ts";

/** What a metric is called and what it tells. */
export interface MetricDefinition {
  /** As Prometheus wants it: with its unit, counters with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Counts that only grow, by label values. */
export interface Counter {
  add(values: readonly string[], count?: number): void;
}

/** Durations, by label values. */
export interface Durations {
  /** The histogram of these values, to be kept by whoever observes often. */
  of(values: readonly string[]): DurationHistogram;
}

/** A value of now: its label values, and how much. */
export type GaugeReading = readonly [values: readonly string[], value: number];

/**
 * What a process counts and measures. Counting costs nanoseconds; whatever can be read when somebody asks is read then. A name that
 * is defined twice is one metric. Series are bounded: 1,000 for each metric, the rest together in one called `other`.
 */
export class Metrics {
  readonly #families = new Map<string, () => MetricFamily>();
  readonly #series = new Map<string, LabelledSeries<unknown>>();

  counter(definition: MetricDefinition): Counter {
    const series = this.#define(
      definition,
      "counter",
      () => ({ count: 0 }),
      ({ count }) => [["", {}, count]],
    );
    return {
      add(values, count = 1) {
        series.of(values).count += count;
      },
    };
  }

  durations(definition: MetricDefinition): Durations {
    return this.#define(definition, "histogram", () => new DurationHistogram(), histogramSamples);
  }

  /** `read` is called when somebody looks. */
  gauge(definition: MetricDefinition, read: () => Iterable<GaugeReading>): void {
    this.#read(definition, "gauge", read);
  }

  /** The same for what only grows and is counted elsewhere. */
  counted(definition: MetricDefinition, read: () => Iterable<GaugeReading>): void {
    this.#read(definition, "counter", read);
  }

  /** All of it as it is now; plain data, for another process to write down. */
  read(): MetricFamily[] {
    return [...this.#families.values()].map((family) => family());
  }

  #define<Series>(
    { name, help, labels = [] }: MetricDefinition,
    type: MetricFamily["type"],
    make: () => Series,
    read: (series: Series) => readonly Sample[],
  ): LabelledSeries<Series> {
    const known = this.#series.get(name) as LabelledSeries<Series> | undefined;
    if (known) return known;
    const all = new LabelledSeries(labels, make);
    this.#series.set(name, all);
    this.#families.set(name, () => ({
      ...{ name, help, type },
      samples: [...all].flatMap(([values, series]) =>
        read(series).map(([suffix, own, value]): Sample => [suffix, { ...values, ...own }, value]),
      ),
    }));
    return all;
  }

  #read(
    { name, help, labels = [] }: MetricDefinition,
    type: MetricFamily["type"],
    read: () => Iterable<GaugeReading>,
  ): void {
    this.#families.set(name, () => ({
      ...{ name, help, type },
      samples: Array.from(read(), ([values, value]): Sample => {
        const named = labels.map((label, index) => [label, values[index] ?? ""]);
        return ["", Object.fromEntries(named), value];
      }),
    }));
  }
}

function histogramSamples(histogram: DurationHistogram): Sample[] {
  const cumulative = histogram.cumulative();
  const total = cumulative.at(-1) ?? 0;
  return [
    ...durationBounds.map(
      (bound, index): Sample => ["_bucket", { le: String(bound) }, cumulative[index] ?? 0],
    ),
    ["_bucket", { le: "+Inf" }, total],
    ["_sum", {}, histogram.sum],
    ["_count", {}, total],
  ];
}
