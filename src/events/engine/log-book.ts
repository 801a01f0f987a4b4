/** What a log that is kept in an engine knows of its topics and sources: it gives events their offsets. */
import { DureError } from "../../kit/index.ts";
import { eventId, expectedSeq, type Source } from "../core/sources.ts";
import { type AppendBatch, eventLimits, type NewEvent, type StoredEvent } from "../types.ts";

/** A topic: which offsets it has, and how large it is. */
export interface TopicState {
  /** Of the oldest event kept. */
  first: number;
  /** Of the next event. */
  next: number;
  /** When the newest event was stored. */
  lastAt: number;
  /** Of all events kept, roughly. */
  bytes: number;
}

/** What an append stores. */
export interface Taken {
  readonly events: readonly StoredEvent[];
  /** By topic of the batch: the offset after its last event, also where that had been stored before and the answer was lost. */
  readonly next: Readonly<Record<string, number>>;
  /** By topic: when the log took them, in ms since 1970. */
  readonly at: Readonly<Record<string, number>>;
  /** How many of the batch had been stored before. */
  readonly duplicates: number;
  /** How far the batch's source has been taken in. */
  readonly source: Source;
}

/** Bytes that an event takes, roughly. */
export function storedSize({ key, head, body }: NewEvent): number {
  return key.length + head.length + body.length + overheadBytes;
}

const overheadBytes = 64;

export class LogBook {
  readonly topics = new Map<string, TopicState>();
  /** How far each has been taken in, so that what is sent again is not stored again. */
  readonly sources = new Map<string, Source>();
  /** By topic: the offset after the last one that was acknowledged. */
  readonly #acknowledged = new Map<string, number>();

  clear(): void {
    this.topics.clear();
    this.sources.clear();
  }

  /**
   * Numbers what is new in a batch, and counts it as stored: whoever then fails to store it loads the book again. Throws ABORTED for an
   * epoch that is over, OUT_OF_RANGE for a batch that came too early, RESOURCE_EXHAUSTED for a topic too many; then no event is counted.
   */
  take({ source: name, epoch, seq, events }: AppendBatch, wallTime: number): Taken {
    const known = this.sources.get(name);
    if (known && epoch < known.epoch) {
      const message = `source ${name} has begun epoch ${known.epoch}; ${epoch} is over`;
      throw new DureError("ABORTED", message, { details: { epoch: known.epoch } });
    }
    const expected = expectedSeq(known, { epoch, seq });
    if (seq > expected) {
      const message = `source ${name}: event ${expected} is next, not ${seq}`;
      throw new DureError("OUT_OF_RANGE", message);
    }
    const duplicates = Math.min(expected - seq, events.length);
    for (const { topic } of events.slice(duplicates)) this.#topic(topic);
    const next: Record<string, number> = {};
    const at: Record<string, number> = {};
    for (const { topic } of events.slice(0, duplicates))
      next[topic] = this.topics.get(topic)?.next ?? 0;
    const stored = events.slice(duplicates).map((event, index) => {
      const topic = this.#topic(event.topic);
      topic.lastAt = Math.max(Math.floor(wallTime), topic.lastAt);
      topic.bytes += storedSize(event);
      at[event.topic] = topic.lastAt;
      const id = eventId(name, epoch, seq + duplicates + index);
      const offset = topic.next;
      topic.next += 1;
      next[event.topic] = topic.next;
      return { ...event, offset, at: topic.lastAt, id };
    });
    const source = { epoch, seq: Math.max(expected, seq + events.length) };
    this.sources.set(name, source);
    return { events: stored, next, at, duplicates, source };
  }

  /** What was taken is stored, and its offsets will be told. */
  acknowledge(next: Taken["next"]): void {
    for (const [topic, offset] of Object.entries(next)) this.#acknowledged.set(topic, offset);
  }

  /**
   * For an engine that may lose what it has acknowledged: an offset that readers may have seen is not given to another event, so what is
   * lost is missing, as an error in the groups' logs, and what comes later is not passed over.
   */
  passOverLost(): void {
    for (const [name, next] of this.#acknowledged) {
      const topic = this.#topic(name);
      topic.next = Math.max(topic.next, next);
    }
  }

  /** Takes events before `first` as dropped. */
  drop(name: string, first: number, bytes: number): void {
    const topic = this.#topic(name);
    topic.first = first;
    topic.bytes = Math.max(0, topic.bytes - bytes);
  }

  overview(): { name: string; first: number; next: number; bytes: number }[] {
    return [...this.topics].map(([name, { first, next, bytes }]) => ({ name, first, next, bytes }));
  }

  #topic(name: string): TopicState {
    let topic = this.topics.get(name);
    if (topic) return topic;
    if (this.topics.size >= eventLimits.topicsMax) {
      const message = `topic ${name}: the log has ${eventLimits.topicsMax} topics, and that is the most`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    topic = { first: 0, next: 0, lastAt: 0, bytes: 0 };
    this.topics.set(name, topic);
    return topic;
  }
}
