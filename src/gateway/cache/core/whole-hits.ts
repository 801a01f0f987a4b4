import type { Answer } from "../../answer.ts";
import { RepeatedAnswer } from "../../repeated-answer.ts";
import type { CacheEntry } from "./entry.ts";
import { ageMs } from "./freshness.ts";
import { serveEntry, type Times } from "./serve-entry.ts";

/** Larger answers are written anew for each client: they would weigh twice what they do. */
export const repeatedBytesMax = 64 * 1024;
/** A request without conditions and range. */
const plain = { method: "GET", headers: [] };

/**
 * The whole answer for everybody who asks for an entry without conditions, while it is fresh. Its age is told in seconds, so it is the same for
 * a second, and is made once in that time.
 */
export class WholeHits {
  #answer: Answer | undefined;
  #ageS = -1;
  #ttlS = -1;

  /** The one that was made, if it still holds. */
  at({ freshness }: CacheEntry, now: number): Answer | undefined {
    if (!this.#answer) return undefined;
    const age = ageMs(freshness, now);
    return secondsOf(age) === this.#ageS && secondsOf(freshness.lifetimeMs - age) === this.#ttlS
      ? this.#answer
      : undefined;
  }

  make(entry: CacheEntry, times: Times): Answer {
    const { freshness, body } = entry;
    const age = ageMs(freshness, times.now);
    const ttlS = secondsOf(freshness.lifetimeMs - age);
    const made = serveEntry(entry, plain, { hit: true, ttlS }, times);
    if (body.length > repeatedBytesMax) return made;
    this.#ageS = secondsOf(age);
    this.#ttlS = ttlS;
    this.#answer = new RepeatedAnswer(made.status, made.headers, body);
    return this.#answer;
  }
}

function secondsOf(ms: number): number {
  return Math.floor(ms / 1_000);
}
