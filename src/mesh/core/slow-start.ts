/**
 * How much of its full share an instance gets that is new, or back: a process with cold caches and uncompiled code is not thrown
 * at once into what the others carry.
 * Source: Envoy's slow start, `weight x max(min_weight, age / window)` with aggression 1.0 and a minimum of 10 %.
 */
export const slowStartMs = 10_000;
const shareMin = 0.1;

/** 0.1 to 1. */
export function slowStartShare(ageMs: number): number {
  return Math.min(1, Math.max(shareMin, ageMs / slowStartMs));
}
