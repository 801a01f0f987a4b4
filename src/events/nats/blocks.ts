/** Events of a topic that follow each other, as one message or a few. */
import { storedSize } from "../engine/log-book.ts";
import type { StoredEvent } from "../types.ts";

/** Characters and events in one; larger ones would make readers read what they do not want. */
const sizeMax = 256 * 1024;
const countMax = 1_000;

/** What its line says. Bytes are counted from the beginning of the topic, so that what is dropped need not be read. */
export interface BlockLine {
  /** Offset of its first event. */
  readonly first: number;
  /** Offset after its last event. */
  readonly next: number;
  /** The place of its first byte. */
  readonly place: number;
  /** The place after its last byte. */
  readonly end: number;
  /** When its last event was stored. */
  readonly at: number;
}

export interface Block {
  readonly topic: string;
  readonly events: StoredEvent[];
  readonly place: number;
  size: number;
}

/**
 * Sorts events into as few blocks as the order of each source allows: blocks are stored one after another, so where storing them
 * ends halfway, a prefix of each source's events is stored, which is what its numbers tell when they are sent again.
 */
export class BlockPlan {
  readonly blocks: Block[] = [];
  /** By topic: its newest block. */
  readonly #newest = new Map<string, number>();
  /** By source: the block of its newest event. */
  readonly #reached = new Map<string, number>();

  /** @param place the topic's bytes before it. */
  add(source: string, event: StoredEvent, place: number): void {
    const size = storedSize(event);
    let index = this.#newest.get(event.topic) ?? -1;
    let block = this.blocks[index];
    const isLate = index < (this.#reached.get(source) ?? 0);
    if (!block || isLate || block.size + size > sizeMax || block.events.length === countMax) {
      block = { topic: event.topic, events: [], place, size: 0 };
      index = this.blocks.push(block) - 1;
      this.#newest.set(event.topic, index);
    }
    this.#reached.set(source, index);
    block.events.push(event);
    block.size += size;
  }
}

/** A block's numbers and text. */
export function writeBlock({ events, place, size }: Block): { numbers: number[]; text: string } {
  const [first] = events as [StoredEvent];
  const { offset, at } = events.at(-1) as StoredEvent;
  const rows = events.map((event) => [event.at, event.key, event.id, event.head, event.body]);
  const numbers = [first.offset, offset + 1, place, place + size, at];
  return { numbers, text: JSON.stringify(rows) };
}

export function readLine(numbers: readonly number[]): BlockLine {
  const [first, next, place, end, at] = numbers as [number, number, number, number, number];
  return { first, next, place, end, at };
}

export function readEvents(topic: string, numbers: readonly number[], text: string): StoredEvent[] {
  const rows = JSON.parse(text) as [number, string, string, string, string][];
  const { first } = readLine(numbers);
  return rows.map(([at, key, id, head, body], index) => {
    return { topic, offset: first + index, at, key, id, head, body };
  });
}
