/**
 * Stored answers, within a bound of bytes. Who goes is decided by SIEVE ("SIEVE is Simpler than LRU", Zhang et al., NSDI 2024): entries stand in
 * the order in which they came; a hand goes from the oldest to the newest, takes away the mark of those that were used since it last came by,
 * and evicts the first without one. A hit only sets a mark, and a scan of what is asked for once leaves what is popular in place.
 */

import type { HeaderList } from "../../../http/index.ts";
import { type CacheEntry, weightOf } from "./entry.ts";
import { isSelected } from "./vary.ts";

interface Slot {
  readonly entry: CacheEntry;
  readonly weight: number;
  isUsed: boolean;
  newer: Slot | undefined;
  older: Slot | undefined;
}

/** Answers to one URL that differ by what `Vary` names; more push out the oldest of them. */
const variantsMax = 16;

const none: readonly Slot[] = [];

export class EntryStore {
  readonly #bytesMax: number;
  readonly #slots = new Map<string, Slot[]>();
  readonly #labelled = new Map<string, Set<Slot>>();
  #newest: Slot | undefined;
  #oldest: Slot | undefined;
  #hand: Slot | undefined;
  #bytes = 0;
  #count = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What the entries weigh. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  has(key: string): boolean {
    return this.#slots.has(key);
  }

  /** The newest entry that answers a request. Its headers are looked at only where the answer depends on some. */
  find(key: string, request: { readonly headers: HeaderList }): CacheEntry | undefined {
    for (const slot of this.#slots.get(key) ?? none) {
      const { selection } = slot.entry;
      if (selection.length > 0 && !isSelected(request.headers, selection)) continue;
      slot.isUsed = true;
      return slot.entry;
    }
    return undefined;
  }

  /** Stores an entry in the place of those that the same request would get. */
  put(entry: CacheEntry, request: HeaderList): void {
    const weight = weightOf(entry);
    for (const slot of [...(this.#slots.get(entry.key) ?? [])])
      if (isSelected(request, slot.entry.selection)) this.#remove(slot);
    if (weight > this.#bytesMax) return;
    while (this.#bytes + weight > this.#bytesMax) this.#evict();
    const variants = this.#slots.get(entry.key) ?? [];
    const last = variants.length >= variantsMax ? variants.at(-1) : undefined;
    if (last) this.#remove(last);
    const slot: Slot = { entry, weight, isUsed: false, newer: undefined, older: this.#newest };
    if (this.#newest) this.#newest.newer = slot;
    this.#newest = slot;
    this.#oldest ??= slot;
    this.#slots.set(entry.key, [slot, ...(this.#slots.get(entry.key) ?? [])]);
    for (const label of entry.labels) {
      const slots = this.#labelled.get(label);
      if (slots) slots.add(slot);
      else this.#labelled.set(label, new Set([slot]));
    }
    this.#bytes += weight;
    this.#count += 1;
  }

  /** Forgets everything. */
  clear(): void {
    while (this.#oldest) this.#remove(this.#oldest);
  }

  /** Forgets every answer with a label. */
  purge(label: string): void {
    for (const slot of [...(this.#labelled.get(label) ?? [])]) this.#remove(slot);
  }

  #evict(): void {
    let slot = this.#hand ?? this.#oldest;
    while (slot?.isUsed) {
      slot.isUsed = false;
      slot = slot.newer ?? this.#oldest;
    }
    if (!slot) return;
    this.#hand = slot.newer;
    this.#remove(slot);
  }

  #remove(slot: Slot): void {
    const { entry, newer, older, weight } = slot;
    if (this.#hand === slot) this.#hand = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    const left = (this.#slots.get(entry.key) ?? []).filter((other) => other !== slot);
    if (left.length > 0) this.#slots.set(entry.key, left);
    else this.#slots.delete(entry.key);
    for (const label of entry.labels) {
      const slots = this.#labelled.get(label);
      slots?.delete(slot);
      if (slots?.size === 0) this.#labelled.delete(label);
    }
    this.#bytes -= weight;
    this.#count -= 1;
  }
}
