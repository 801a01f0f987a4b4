/** What a balancer may know of an instance. */
export interface Candidate {
  /** Calls without an outcome. */
  readonly pendingCount: number;
  /** What choosing it costs: the queue that the call would join, and how slow it is. */
  load(now: number): number;
}

/** What is asked of a balancer. */
export interface Choice<C extends Candidate> {
  readonly now: number;
  /** Where the call names one: calls with the same key belong together. */
  readonly key: string | undefined;
  mayTake(candidate: C): boolean;
}

/** Chooses an instance for a call. */
export interface Balancer<C extends Candidate> {
  /** Undefined if no candidate may be taken. */
  pick(candidates: readonly C[], choice: Choice<C>): C | undefined;
}

/** The balancers by name. */
export type BalancerName = "p2c" | "round-robin";

/** Pairs drawn before all are looked at: with fewer than half out, five pairs miss once in a thousand (Finagle draws as many). */
const drawsMax = 5;

/**
 * The less loaded of two drawn at random: nearly as even as looking at all, and no herd on the best one.
 * Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
 */
export function powerOfTwoChoices<C extends Candidate>(random: () => number): Balancer<C> {
  return {
    pick(candidates, choice) {
      const count = candidates.length;
      if (count < 3) return leastLoaded(candidates, choice, random);
      for (let draw = 0; draw < drawsMax; draw += 1) {
        const first = Math.floor(random() * count);
        const second = (first + 1 + Math.floor(random() * (count - 1))) % count;
        const found = lighter(candidates[first] as C, candidates[second] as C, choice);
        if (found) return found;
      }
      return leastLoaded(candidates, choice, random);
    },
  };
}

/** Each in turn. */
export function roundRobin<C extends Candidate>(): Balancer<C> {
  let turn = 0;
  return {
    pick(candidates, choice) {
      for (let step = 0; step < candidates.length; step += 1) {
        turn = (turn + 1) % candidates.length;
        const candidate = candidates[turn] as C;
        if (choice.mayTake(candidate)) return candidate;
      }
      return undefined;
    },
  };
}

function lighter<C extends Candidate>(first: C, second: C, choice: Choice<C>): C | undefined {
  const mayFirst = choice.mayTake(first);
  if (!choice.mayTake(second)) return mayFirst ? first : undefined;
  if (!mayFirst) return second;
  return first.load(choice.now) <= second.load(choice.now) ? first : second;
}

function leastLoaded<C extends Candidate>(
  candidates: readonly C[],
  choice: Choice<C>,
  random: () => number,
): C | undefined {
  // From a random one on, or equals would always go to the first.
  const start = candidates.length > 1 ? Math.floor(random() * candidates.length) : 0;
  let best: C | undefined;
  for (let step = 0; step < candidates.length; step += 1) {
    const candidate = candidates[(start + step) % candidates.length] as C;
    if (!choice.mayTake(candidate)) continue;
    best = best ? lighter(best, candidate, choice) : candidate;
  }
  return best;
}
