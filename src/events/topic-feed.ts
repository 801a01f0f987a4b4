import { eventSize, firstWithin } from "./core/sizes.ts";
import type { Storage } from "./storage/storage.ts";
import { eventLimits, type StoredEvent } from "./types.ts";

/** The newest events of a topic are kept for those who keep up, in bytes: each is read from the file once, however many want it. */
const tailBytesMax = 8 * 1024 * 1024;
const bounds = { eventsMax: 1_000, bytesMax: eventLimits.answerSizeMax };
/** Those who wait for one topic at once; one more is answered at once. */
const waitersMax = 10_000;

/** A topic as its readers see it: from any offset on, waiting at the end. */
export class TopicFeed {
  readonly #name: string;
  readonly #storage: Storage;
  #next: number;
  #tail: StoredEvent[] = [];
  #tailBytes = 0;
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

  /** Events before `next` are stored; `newest` are the last of them, as far as they are known. Those who wait need not read them back. */
  onAppended(next: number, newest: readonly StoredEvent[]): void {
    if (next <= this.#next) return;
    const wanted = (this.#tail.at(-1)?.offset ?? this.#next - 1) + 1;
    if (this.#waiters.size > 0 && !this.#reading && newest[0]?.offset === wanted)
      this.#keep(newest);
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

  /** Events from an offset on, so many at most; none at the end. Rejects with DATA_LOSS for one that is damaged. */
  async read(from: number, eventsMax = bounds.eventsMax): Promise<readonly StoredEvent[]> {
    if (from >= this.#next) return [];
    if (this.#isAtTail(from)) await this.#extendTail();
    const [first] = this.#tail;
    if (first && from >= first.offset && from <= (this.#tail.at(-1) as StoredEvent).offset)
      return firstWithin(
        this.#tail.slice(from - first.offset, from - first.offset + eventsMax),
        bounds.bytesMax,
        eventSize,
      );
    const events = await this.#storage.call("read", {
      topic: this.#name,
      from,
      bounds: { ...bounds, eventsMax: Math.min(bounds.eventsMax, eventsMax) },
    });
    return untilGap(events);
  }

  /** Whether a reader keeps up: what it wants is what comes right after what is kept. */
  #isAtTail(from: number): boolean {
    const last = this.#tail.at(-1);
    return last ? from === last.offset + 1 : this.#next - from <= bounds.eventsMax;
  }

  async #extendTail(): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #readOn(): Promise<void> {
    const last = this.#tail.at(-1);
    const from = last ? last.offset + 1 : Math.max(0, this.#next - bounds.eventsMax);
    this.#keep(await this.#storage.call("read", { topic: this.#name, from, bounds }));
  }

  #keep(events: readonly StoredEvent[]): void {
    for (const event of events) {
      // What an engine has lost leaves a gap, and the tail has none: it begins behind it.
      if (event.offset !== (this.#tail.at(-1)?.offset ?? event.offset - 1) + 1) {
        this.#tail = [];
        this.#tailBytes = 0;
      }
      this.#tail.push(event);
      this.#tailBytes += eventSize(event);
    }
    let drop = 0;
    while (this.#tailBytes > tailBytesMax && drop < this.#tail.length - 1)
      this.#tailBytes -= eventSize(this.#tail[drop++] as StoredEvent);
    // Moving the whole array for each event would cost more than keeping some too many.
    if (drop > 0) this.#tail = this.#tail.slice(drop);
  }
}

/** Those that follow each other: what an engine has lost is between them and the next one. */
function untilGap(events: readonly StoredEvent[]): readonly StoredEvent[] {
  const first = events[0]?.offset ?? 0;
  const end = events.findIndex(({ offset }, index) => offset !== first + index);
  return end === -1 ? events : events.slice(0, end);
}
