import { nextOf, type StoredBlock } from "./core/packed-events.ts";
import { firstWithin } from "./core/sizes.ts";
import type { Storage } from "./storage/storage.ts";
import { eventLimits } from "./types.ts";

/** The newest events of a topic are kept for those who keep up, in bytes: each is read from the file once, however many want it. */
const tailSizeMax = 8 * 1024 * 1024;
const bounds = { eventsMax: 1_000, bytesMax: eventLimits.answerSizeMax };
/** Those who wait for one topic at once; one more is answered at once. */
const waitersMax = 10_000;

/** A topic as its readers see it: from any offset on, waiting at the end. */
export class TopicFeed {
  readonly #name: string;
  readonly #storage: Storage;
  #next: number;
  /** Blocks that follow each other. */
  #tail: StoredBlock[] = [];
  #tailSize = 0;
  #reading: Promise<void> | undefined;
  readonly #waiters = new Set<() => void>();

  constructor(name: string, storage: Storage, next: number) {
    this.#name = name;
    this.#storage = storage;
    this.#next = next;
  }

  /** The offset after the last event. */
  get next(): number {
    return this.#next;
  }

  /** Events before `next` are stored; `newest` gives the last of them, as far as they are known. Those who wait need not read them back. */
  onAppended(next: number, newest: () => readonly StoredBlock[]): void {
    if (next <= this.#next) return;
    if (this.#waiters.size > 0 && !this.#reading) {
      const wanted = this.#tailEnd ?? this.#next;
      const blocks = newest();
      if (blocks[0]?.offset === wanted) this.#keep(blocks);
    }
    this.#next = next;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves when there is something at `from`, or when `signal` aborts. */
  async arrival(from: number, signal: AbortSignal): Promise<void> {
    if (from < this.#next || signal.aborted || this.#waiters.size >= waitersMax) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /**
   * Blocks from the one that has an offset on, with so many events from there on or a few more; none at the end. Rejects with DATA_LOSS
   * for one that is damaged.
   */
  async read(from: number, eventsMax = bounds.eventsMax): Promise<readonly StoredBlock[]> {
    if (from >= this.#next) return [];
    if (this.#isAtTail(from)) await this.#extendTail();
    const [first] = this.#tail;
    if (first && from >= first.offset && from < (this.#tailEnd as number))
      return firstWithin(this.#inTail(from, from + eventsMax), bounds.bytesMax, sizeOf);
    const blocks = await this.#storage.call("read", {
      topic: this.#name,
      from,
      bounds: { ...bounds, eventsMax: Math.min(bounds.eventsMax, eventsMax) },
    });
    return untilGap(blocks);
  }

  /** The offset after what is kept. */
  get #tailEnd(): number | undefined {
    const last = this.#tail.at(-1);
    return last && nextOf(last);
  }

  /** What is kept from the block that has `from` on, up to the one that has `end - 1`. */
  #inTail(from: number, end: number): StoredBlock[] {
    let low = 0;
    let high = this.#tail.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#tail[middle] as StoredBlock).offset <= from) low = middle;
      else high = middle;
    }
    let last = low + 1;
    while ((this.#tail[last]?.offset ?? end) < end) last += 1;
    return this.#tail.slice(low, last);
  }

  /** Whether a reader keeps up: what it wants is what comes right after what is kept. */
  #isAtTail(from: number): boolean {
    const end = this.#tailEnd;
    return end === undefined ? this.#next - from <= bounds.eventsMax : from === end;
  }

  async #extendTail(): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #readOn(): Promise<void> {
    const from = this.#tailEnd ?? Math.max(0, this.#next - bounds.eventsMax);
    this.#keep(await this.#storage.call("read", { topic: this.#name, from, bounds }));
  }

  #keep(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) {
      // What an engine has lost leaves a gap, and the tail has none: it begins behind it.
      if (block.offset !== (this.#tailEnd ?? block.offset)) {
        this.#tail = [];
        this.#tailSize = 0;
      }
      this.#tail.push(block);
      this.#tailSize += sizeOf(block);
    }
    let drop = 0;
    while (this.#tailSize > tailSizeMax && drop < this.#tail.length - 1)
      this.#tailSize -= sizeOf(this.#tail[drop++] as StoredBlock);
    // Moving the whole array for each block would cost more than keeping some too many.
    if (drop > 0) this.#tail = this.#tail.slice(drop);
  }
}

/** Field names, numbers and the source, beside the events. */
const overhead = 200;

function sizeOf({ events }: StoredBlock): number {
  return events.length + overhead;
}

/** Those that follow each other: what an engine has lost is between them and the next one. */
function untilGap(blocks: readonly StoredBlock[]): readonly StoredBlock[] {
  const end = blocks.findIndex((block, index) => {
    const former = blocks[index - 1];
    return former && nextOf(former) !== block.offset;
  });
  return end === -1 ? blocks : blocks.slice(0, end);
}
