/**
 * The generic cell rate algorithm: one number a key, the time at which all that was taken will have flowed away again (theoretical
 * arrival time), and no windows at whose edges twice the rate could pass.
 *
 * ```
 *            burst x interval
 *      <------------------------->
 *     now        flown off at     now + burst x interval
 *      |##############|- - - - - - |
 *          taken       still to be had
 * ```
 * Source: ITU-T Recommendation I.371, Annex A (virtual scheduling); ATM Forum, Traffic Management Specification 4.0, section 4.4.2.
 */

/** How much may pass. */
export interface Rate {
  /** One request more is allowed after so many ms. */
  readonly intervalMs: number;
  /** So many at once, by somebody who was quiet before. */
  readonly burst: number;
}

/** What a request was told. */
export interface Verdict {
  readonly isAllowed: boolean;
  /** How many more are allowed now. */
  readonly remaining: number;
  /** When the whole burst is allowed again, in ms. */
  readonly resetMs: number;
  /** When one is allowed again, in ms; 0 where it is now. */
  readonly retryMs: number;
}

/** Sums of fractions are off by less than this, in ms; the last of a burst must not fail for it. */
export const roundingMs = 1e-3;

/** Takes one request. The second value is to be kept for the next one; undefined where nothing changes. */
export function take(
  flownOffAt: number | undefined,
  now: number,
  { intervalMs, burst }: Rate,
): readonly [Verdict, number | undefined] {
  const capacityMs = burst * intervalMs;
  const before = Math.max(flownOffAt ?? now, now);
  const after = before + intervalMs;
  const excessMs = after - now - capacityMs;
  if (excessMs > roundingMs) {
    const refused = { isAllowed: false, remaining: 0, resetMs: before - now, retryMs: excessMs };
    return [refused, undefined];
  }
  const remaining = Math.max(0, Math.floor((roundingMs - excessMs) / intervalMs));
  return [{ isAllowed: true, remaining, resetMs: after - now, retryMs: 0 }, after];
}
