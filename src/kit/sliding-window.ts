/**
 * Counts over the last while, in buckets that are emptied one by one as time goes on.
 *
 * ```
 *   | 4 | 0 | 7 | 2 | 5 |      window of five buckets; the oldest is emptied when the next one begins
 *                    now
 * ```
 */
export class SlidingWindow {
  readonly #bucketMs: number;
  readonly #counts: Float64Array;
  readonly #width: number;
  #bucket = 0;

  /** @param width how many counters are kept side by side. */
  constructor(windowMs: number, buckets: number, width: number) {
    this.#bucketMs = windowMs / buckets;
    this.#width = width;
    this.#counts = new Float64Array(buckets * width);
  }

  add(now: number, counter: number): void {
    this.#advance(now);
    const at = (this.#bucket % this.#buckets) * this.#width + counter;
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** The sum of one counter over the window. */
  sum(now: number, counter: number): number {
    this.#advance(now);
    let sum = 0;
    for (let at = counter; at < this.#counts.length; at += this.#width)
      sum += this.#counts[at] as number;
    return sum;
  }

  clear(): void {
    this.#counts.fill(0);
  }

  get #buckets(): number {
    return this.#counts.length / this.#width;
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket <= this.#bucket) return;
    const steps = Math.min(bucket - this.#bucket, this.#buckets);
    for (let step = 0; step < steps; step += 1) {
      const at = ((bucket - step) % this.#buckets) * this.#width;
      this.#counts.fill(0, at, at + this.#width);
    }
    this.#bucket = bucket;
  }
}
