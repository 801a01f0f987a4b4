/**
 * Things that change one by one, for readers who each have seen a different state of them. Every change has a number; a reader asks for
 * what came after the number that it has.
 *
 * ```
 *   put a, put b      1   2
 *   reader asks (0)         -> a, b      (2)
 *   put a again             3
 *   take b away             4
 *   reader asks (2)         -> a, gone b (4)
 * ```
 */

/** What a reader has missed. */
export interface TableChanges<Value> {
  /** Nothing of what the reader had counts any more. */
  readonly isWhole: boolean;
  readonly changed: readonly Value[];
  readonly gone: readonly string[];
  /** What to ask with next time. */
  readonly version: number;
}

interface Entry<Value> {
  readonly value: Value;
  /** What it looks like as text: equal texts are no change. */
  readonly text: string;
  readonly version: number;
}

/** Removals that are remembered; a reader who has missed more gets everything anew. */
const goneMax = 10_000;

export class VersionedTable<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #gone = new Map<string, number>();
  /** 0 is for a reader who has seen nothing. */
  #version = 1;
  /** Readers of before this have missed removals that nobody remembers. */
  #forgottenBefore = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** Makes it hold exactly these. */
  replace(values: Iterable<readonly [key: string, value: Value]>): void {
    const seen = new Set<string>();
    for (const [key, value] of values) {
      seen.add(key);
      this.put(key, value);
    }
    for (const key of this.#entries.keys()) if (!seen.has(key)) this.#remove(key);
  }

  /** Adds a value, or puts it in the place of another one. */
  put(key: string, value: Value): void {
    const text = JSON.stringify(value);
    if (this.#entries.get(key)?.text === text) return;
    this.#version += 1;
    this.#gone.delete(key);
    this.#entries.set(key, { value, text, version: this.#version });
  }

  /** What has changed since a version; 0: everything. */
  since(version: number): TableChanges<Value> {
    const isWhole = version === 0 || version < this.#forgottenBefore;
    const from = isWhole ? 0 : version;
    const changed: Value[] = [];
    for (const entry of this.#entries.values()) if (entry.version > from) changed.push(entry.value);
    const gone = isWhole ? [] : [...this.#gone].filter(([, at]) => at > from).map(([key]) => key);
    return { isWhole, changed, gone, version: this.#version };
  }

  #remove(key: string): void {
    this.#entries.delete(key);
    this.#version += 1;
    this.#gone.set(key, this.#version);
    if (this.#gone.size <= goneMax) return;
    const [oldest, at] = this.#gone.entries().next().value as [string, number];
    this.#gone.delete(oldest);
    this.#forgottenBefore = at;
  }
}
