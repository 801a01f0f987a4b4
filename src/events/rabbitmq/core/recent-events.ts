import { eventSize, firstWithin } from "../../core/sizes.ts";
import { storedSize } from "../../engine/log-book.ts";
import type { ReadBounds } from "../../storage/topic-file.ts";
import type { StoredEvent } from "../../types.ts";

/** Characters of what is kept beside what the archive has not got yet. */
const keptSizeMax = 4 * 1024 * 1024;

interface Addition {
  /** The record that has stored them. */
  readonly n: number;
  readonly events: readonly StoredEvent[];
  readonly size: number;
}

/** The newest events in memory: what has just been stored is read at once, and most of it only then. */
export class RecentEvents {
  readonly #topics = new Map<string, StoredEvent[]>();
  readonly #additions: Addition[] = [];
  #size = 0;

  add(n: number, events: readonly StoredEvent[]): void {
    if (events.length === 0) return;
    let size = 0;
    for (const event of events) {
      const topic = this.#topics.get(event.topic);
      if (topic) topic.push(event);
      else this.#topics.set(event.topic, [event]);
      size += eventSize(event);
    }
    this.#additions.push({ n, events, size });
    this.#size += size;
  }

  /** Forgets the oldest that are too much. `archived`: the record up to which they can be read elsewhere. */
  trim(archived: number): void {
    while (
      this.#size > keptSizeMax &&
      (this.#additions[0]?.n ?? Number.POSITIVE_INFINITY) <= archived
    ) {
      const { events, size } = this.#additions.shift() as Addition;
      this.#size -= size;
      for (const name of new Set(events.map(({ topic }) => topic))) {
        const kept = this.#topics.get(name) as StoredEvent[];
        kept.splice(0, events.filter(({ topic }) => topic === name).length);
        if (kept.length === 0) this.#topics.delete(name);
      }
    }
  }

  /** Events from an offset on; undefined where they are not here. */
  read(
    topic: string,
    from: number,
    { eventsMax, bytesMax }: ReadBounds,
  ): StoredEvent[] | undefined {
    const kept = this.#topics.get(topic);
    const [oldest] = kept ?? [];
    if (!kept || !oldest || from < oldest.offset) return undefined;
    const start = from - oldest.offset;
    return firstWithin(kept.slice(start, start + eventsMax), bytesMax, storedSize);
  }
}
