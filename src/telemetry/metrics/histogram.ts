/**
 * Upper bounds of durations, in seconds: those that OpenTelemetry recommends for HTTP servers (semantic conventions,
 * `http.server.request.duration`), and three below them, because a call within a data centre takes less than a millisecond.
 */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;

/** How many durations there were up to each bound. */
export class DurationHistogram {
  /** By bound; the last one counts what is above them all. */
  readonly #counts = new Float64Array(durationBounds.length + 1);
  #sum = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < durationBounds.length && seconds > (durationBounds[bucket] as number))
      bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += seconds;
  }

  get sum(): number {
    return this.#sum;
  }

  /** For each bound and for infinity: how many durations are not above it. */
  cumulative(): number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => {
      total += count;
      return total;
    });
  }
}
