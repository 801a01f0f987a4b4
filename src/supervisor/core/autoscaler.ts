/**
 * How many instances a kind of process should have, from the requests they are at: an instance is right at a target concurrency.
 *
 * ```
 *   mean of the last 60 s / target, rounded up             ->  as many at least
 *   mean of the last  6 s / target >= twice as many        ->  panic: that many at once, and none fewer for 60 s
 *   every mean of 6 s of the last 60 s / target is lower   ->  one fewer, and the next one 30 s later
 * ```
 * Both windows and the panic threshold are those of the Knative Pod Autoscaler (Knative documentation, "Additional autoscaling
 * configuration": stable-window 60s, panic-window-percentage 10, panic-threshold-percentage 200). That the highest number of a window
 * counts before anything is taken away is the stabilisation of the Kubernetes autoscaler (its documentation, "Horizontal Pod
 * Autoscaling").
 */

/** Between which numbers, and by what. */
export interface ScaleRange {
  readonly min: number;
  readonly max: number;
  /** Requests at work at the same time that one instance is right for. */
  readonly concurrency: number;
}

interface ScaleSample {
  readonly at: number;
  /** Requests at work on all instances together. */
  readonly concurrency: number;
  /** How many instances were right for the panic window that ended here. */
  readonly needed: number;
}

/** What is remembered between two looks. */
export interface ScaleState {
  /** What the stable window has seen, oldest first. */
  readonly samples: readonly ScaleSample[];
  readonly panickedAt: number | undefined;
  /** When the number was changed the last time. */
  readonly changedAt: number | undefined;
}

const stableMs = 60_000;
const panicMs = 6_000;
const panicFactor = 2;
/** One instance fewer at a time, and then a look at how the others bear it, in ms. */
const shrinkEveryMs = 30_000;

/** Before the first look. */
export const initialScale: ScaleState = {
  samples: [],
  panickedAt: undefined,
  changedAt: undefined,
};

/** Takes a sample in, and says how many instances there should be now. `current`: how many there are. */
export function scale(
  state: ScaleState,
  sample: { readonly at: number; readonly concurrency: number; readonly current: number },
  range: ScaleRange,
): { readonly state: ScaleState; readonly wanted: number } {
  const { at, concurrency, current } = sample;
  const former = state.samples.filter((each) => at - each.at < stableMs);
  const concurrencies = [...former, { at, concurrency }];
  const needed = (windowMs: number) => {
    const recent = concurrencies.filter((each) => at - each.at < windowMs);
    const sum = recent.reduce((total, each) => total + each.concurrency, 0);
    return Math.ceil(sum / recent.length / range.concurrency);
  };
  const within = (count: number) => Math.min(range.max, Math.max(range.min, count));
  const [soon, steady] = [needed(panicMs), needed(stableMs)];
  const samples = [...former, { at, concurrency, needed: soon }];
  const panickedAt = soon >= panicFactor * current ? at : state.panickedAt;
  const isPanicking = panickedAt !== undefined && at - panickedAt < stableMs;
  const mayShrink =
    !isPanicking &&
    samples.every((each) => each.needed < current) &&
    at - (state.changedAt ?? Number.NEGATIVE_INFINITY) >= shrinkEveryMs;
  const grown = Math.max(current, isPanicking ? soon : steady);
  const wanted = within(mayShrink ? current - 1 : grown);
  const changedAt = wanted === current ? state.changedAt : at;
  return { state: { samples, panickedAt, changedAt }, wanted };
}
