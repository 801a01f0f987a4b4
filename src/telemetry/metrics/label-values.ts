/** Series of one metric at most; what comes beyond is counted in one series together. */
const seriesMax = 1_000;
/** The value of every label in that series. */
const overflow = "other";

/**
 * The series of one metric by their label values. Bounded: a label whose values grow without end would otherwise take all memory,
 * here and at whoever stores the metrics.
 */
export class LabelledSeries<Series> {
  readonly #labels: readonly string[];
  readonly #make: () => Series;
  readonly #series = new Map<
    string,
    { readonly values: readonly string[]; readonly series: Series }
  >();

  constructor(labels: readonly string[], make: () => Series) {
    this.#labels = labels;
    this.#make = make;
  }

  /** The series of these values, one for each label. */
  of(values: readonly string[]): Series {
    const key = values.join("\0");
    const known = this.#series.get(key);
    if (known) return known.series;
    const told = this.#series.size < seriesMax ? values : values.map(() => overflow);
    const toldKey = told.join("\0");
    const entry = this.#series.get(toldKey) ?? { values: told, series: this.#make() };
    this.#series.set(toldKey, entry);
    return entry.series;
  }

  *[Symbol.iterator](): Generator<readonly [Readonly<Record<string, string>>, Series]> {
    for (const { values, series } of this.#series.values())
      yield [
        Object.fromEntries(this.#labels.map((label, index) => [label, values[index] ?? ""])),
        series,
      ];
  }
}
