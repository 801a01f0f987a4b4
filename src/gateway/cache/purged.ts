import { LruMap, now } from "../../kit/index.ts";

/** Labels of which is remembered that they were purged. */
const labelsMax = 10_000;

/** What was purged lately: answers that were asked for before are not stored after it. */
export class Purged {
  readonly #at = new LruMap<string, number>(labelsMax);
  #clearedAt = Number.NEGATIVE_INFINITY;

  /** A label was purged. */
  note(label: string): void {
    this.#at.set(label, now());
  }

  /** Everything was. */
  noteAll(): void {
    this.#clearedAt = now();
  }

  /** Whether a label was purged at that time or later. */
  isPurged(label: string, since: number): boolean {
    return Math.max(this.#clearedAt, this.#at.get(label) ?? this.#clearedAt) >= since;
  }
}
