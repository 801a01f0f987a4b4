/** How many durations there were in each bucket: up to each bound, and beyond the last. Rates will do in place of counts. */
export type Buckets = readonly number[];

/**
 * The duration, in the unit of the bounds, that a share of all durations does not exceed: linear within its bucket, as Prometheus'
 * `histogram_quantile` has it, and the last bound for what lies beyond. `null` where there are none.
 */
export function quantile(
  buckets: Buckets,
  bounds: readonly number[],
  share: number,
): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  const wanted = total * share;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    const upper = bounds[index];
    if (upper === undefined) break;
    if (below + count >= wanted && count > 0) {
      const lower = index === 0 ? 0 : (bounds[index - 1] as number);
      return lower + (upper - lower) * ((wanted - below) / count);
    }
    below += count;
  }
  return bounds.at(-1) ?? null;
}

/** Bucket by bucket. */
export function sumOf(all: readonly Buckets[]): Buckets {
  const sum: number[] = [];
  for (const buckets of all)
    for (const [index, count] of buckets.entries()) sum[index] = (sum[index] ?? 0) + count;
  return sum;
}
