/** Series of one metric at most; what comes beyond is counted in one series together. */
const seriesMax = 1_000;
/** The value of every label in that series. */
const overflow = "other";

interface Level<Series> {
  readonly next: Map<string, Level<Series>>;
  series: Series | undefined;
}

/**
 * The series of one metric by their label values. Bounded: a label whose values grow without end would otherwise take all memory,
 * here and at whoever stores the metrics.
 */
export class LabelledSeries<Series> {
  readonly #labels: readonly string[];
  readonly #make: () => Series;
  readonly #all: { readonly values: readonly string[]; readonly series: Series }[] = [];
  /** One level a label. A joined key would be made, and hashed, with every value that is measured. */
  readonly #root: Level<Series> = { next: new Map(), series: undefined };

  constructor(labels: readonly string[], make: () => Series) {
    this.#labels = labels;
    this.#make = make;
  }

  /** The series of these values, one for each label. */
  of(values: readonly string[]): Series {
    let level: Level<Series> | undefined = this.#root;
    for (let index = 0; level && index < values.length; index += 1)
      level = level.next.get(values[index] as string);
    if (level?.series) return level.series;
    return this.#add(this.#all.length < seriesMax ? values : values.map(() => overflow));
  }

  #add(values: readonly string[]): Series {
    let level = this.#root;
    for (const value of values) {
      const next = level.next.get(value) ?? { next: new Map(), series: undefined };
      level.next.set(value, next);
      level = next;
    }
    if (!level.series) {
      level.series = this.#make();
      this.#all.push({ values: [...values], series: level.series });
    }
    return level.series;
  }

  *[Symbol.iterator](): Generator<readonly [Readonly<Record<string, string>>, Series]> {
    for (const { values, series } of this.#all)
      yield [
        Object.fromEntries(this.#labels.map((label, index) => [label, values[index] ?? ""])),
        series,
      ];
  }
}
