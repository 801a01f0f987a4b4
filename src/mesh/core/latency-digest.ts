/**
 * Quantiles of recent latencies in a fixed space: a histogram whose buckets grow by a factor, so that every quantile is known
 * within 9 % whether calls take microseconds or minutes. Two of them take turns, so that old calls are forgotten.
 * Source: the log-linear idea of HdrHistogram (G. Tene), with four buckets per octave.
 */
const bucketsPerOctave = 4;
const smallestMs = 1 / 64;
const bucketCount = 26 * bucketsPerOctave;

export class LatencyDigest {
  readonly #periodMs: number;
  #current = new Uint32Array(bucketCount);
  #former = new Uint32Array(bucketCount);
  #count = 0;
  #formerCount = 0;
  #periodEndsAt = Number.NEGATIVE_INFINITY;

  /** @param periodMs what is older than two of these is forgotten. */
  constructor(periodMs = 10_000) {
    this.#periodMs = periodMs;
  }

  /** Latencies remembered. */
  get count(): number {
    return this.#count + this.#formerCount;
  }

  add(now: number, latencyMs: number): void {
    if (now >= this.#periodEndsAt) this.#turn(now);
    const bucket = bucketOf(latencyMs);
    this.#current[bucket] = (this.#current[bucket] as number) + 1;
    this.#count += 1;
  }

  /** The latency that the share `quantile` of calls does not exceed, in ms; undefined before any. Rounded up to a bucket's end. */
  quantile(quantile: number): number | undefined {
    const rank = Math.ceil(this.count * quantile);
    if (rank === 0) return undefined;
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      seen += (this.#current[bucket] as number) + (this.#former[bucket] as number);
      if (seen >= rank) return endOf(bucket);
    }
    return endOf(bucketCount - 1);
  }

  #turn(now: number): void {
    const isOld = now >= this.#periodEndsAt + this.#periodMs;
    const spare = this.#former.fill(0);
    this.#former = isOld ? this.#current.fill(0) : this.#current;
    this.#formerCount = isOld ? 0 : this.#count;
    this.#current = spare;
    this.#count = 0;
    this.#periodEndsAt = now + this.#periodMs;
  }
}

function bucketOf(latencyMs: number): number {
  if (latencyMs <= smallestMs) return 0;
  const bucket = Math.ceil(Math.log2(latencyMs / smallestMs) * bucketsPerOctave);
  return Math.min(bucket, bucketCount - 1);
}

function endOf(bucket: number): number {
  return smallestMs * 2 ** (bucket / bucketsPerOctave);
}
