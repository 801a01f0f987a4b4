/** What a balancer may know of an instance. */
export interface Candidate {
  /** Calls without an outcome. */
  readonly pendingCount: number;
  /** Moving average of latency, in ms; 0 before the first answer. */
  readonly costMs: number;
}

/** Chooses an instance for a call. */
export interface Balancer {
  /** The index of the choice; `candidates` is never empty. */
  pick(candidates: readonly Candidate[]): number;
}

/** The balancers by name. */
export type BalancerName = "p2c" | "round-robin";

/** An instance that has never answered but has calls pending gets no more than its probe until it does. */
const unknownPenaltyMs = 1e6;

/** What choosing this one costs: latency times the queue that the call would join (Finagle, PeakEwma). */
function loadOf({ pendingCount, costMs }: Candidate): number {
  if (costMs === 0 && pendingCount > 0) return unknownPenaltyMs + pendingCount;
  return costMs * (pendingCount + 1);
}

/**
 * The less loaded of two drawn at random: nearly as even as looking at all, and no herd on the best one.
 * Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
 */
export function powerOfTwoChoices(random: () => number): Balancer {
  return {
    pick(candidates) {
      const count = candidates.length;
      if (count === 1) return 0;
      const first = Math.floor(random() * count);
      const second = (first + 1 + Math.floor(random() * (count - 1))) % count;
      const firstLoad = loadOf(candidates[first] as Candidate);
      return firstLoad <= loadOf(candidates[second] as Candidate) ? first : second;
    },
  };
}

/** Each in turn. */
export function roundRobin(): Balancer {
  let turn = 0;
  return {
    pick(candidates) {
      turn = (turn + 1) % candidates.length;
      return turn;
    },
  };
}
