import type { StoredEvent } from "../types.ts";
import { BlockReader, type StoredBlock } from "./packed-events.ts";

/** Events of a topic that came in at once. */
export interface Arrived {
  readonly topic: string;
  readonly blocks: readonly StoredBlock[];
  /** By lane: events from this offset on are wanted; infinity for a lane of which none is. */
  readonly wantedFrom: Float64Array;
}

/** Events that came in and that nobody has begun, packed as they came, in the order of the log within a lane. */
export class Arrivals {
  readonly #arrived: Arrived[] = [];
  /** Which block of the first of them is being read. */
  #block = 0;
  #reader: BlockReader | undefined;
  /** Events of the blocks that were not read to their end. */
  #count = 0;

  /** Events, those that are not wanted included. */
  get size(): number {
    return this.#count - (this.#reader?.passed ?? 0);
  }

  add(arrived: Arrived): void {
    if (arrived.blocks.length === 0) return;
    this.#arrived.push(arrived);
    for (const { count } of arrived.blocks) this.#count += count;
  }

  /** Takes the oldest one out. */
  next(): { readonly lane: number; readonly event: StoredEvent } | undefined {
    for (let [first] = this.#arrived; first; [first] = this.#arrived) {
      this.#reader ??= new BlockReader(first.topic, first.blocks[this.#block] as StoredBlock);
      const reader = this.#reader;
      while (reader.advance()) {
        const { lane, offset } = reader;
        if (offset >= (first.wantedFrom[lane] as number)) return { lane, event: reader.event() };
      }
      this.#endBlock(first, reader.passed);
    }
    return undefined;
  }

  /** No event of a lane before this offset is here; undefined if none of it can be. */
  frontOf(lane: number): number | undefined {
    for (const [index, { blocks, wantedFrom }] of this.#arrived.entries()) {
      const from = wantedFrom[lane] as number;
      if (from === Number.POSITIVE_INFINITY) continue;
      return Math.max(from, index === 0 ? this.#front : (blocks[0] as StoredBlock).offset);
    }
    return undefined;
  }

  /** Takes all of a lane out; gives {@link frontOf} it. */
  drop(lane: number): number | undefined {
    const front = this.frontOf(lane);
    for (const { wantedFrom } of this.#arrived) wantedFrom[lane] = Number.POSITIVE_INFINITY;
    return front;
  }

  /** The offset of the event that is read next. */
  get #front(): number {
    const [first] = this.#arrived;
    const offset = first?.blocks[this.#block]?.offset ?? 0;
    return offset + (this.#reader?.passed ?? 0);
  }

  #endBlock({ blocks }: Arrived, count: number): void {
    this.#count -= count;
    this.#reader = undefined;
    this.#block += 1;
    if (this.#block < blocks.length) return;
    this.#block = 0;
    this.#arrived.shift();
  }
}
