import { storedSize } from "../../engine/log-book.ts";
import type { StoredEvent } from "../../types.ts";
import type { Drop } from "./log-state.ts";

/** Bytes of a segment between two entries of one topic; more with many topics, so that the index stays small. */
const stepBytes = 1024 * 1024;
const topicsPerStep = 64;

/** Where an event is: not before this message of this segment. `before`: bytes of its topic's events before it. */
export interface IndexEntry {
  readonly offset: number;
  readonly segment: number;
  readonly position: number;
  readonly before: number;
}

interface TopicIndex {
  /** Of all events there ever were. */
  bytes: number;
  readonly entries: IndexEntry[];
  /** Where in its segment the newest entry is, in bytes. */
  at: number;
}

/** What is known of one topic, as it is written down. */
export interface IndexItem {
  readonly index: {
    readonly topic: string;
    readonly bytes: number;
    readonly entries: IndexEntry[];
  };
}

/** A message of a segment. */
export interface Spot {
  readonly segment: number;
  readonly position: number;
  /** Of the segment's messages before it. */
  readonly bytes: number;
}

/**
 * Where in which segment the events of each topic are. It has an entry for the first event of a topic in a segment, and then one for
 * each step: whoever looks for an event reads a step at most in vain. 4 GiB of events have some 260,000 entries at most.
 */
export class OffsetIndex {
  readonly #topics = new Map<string, TopicIndex>();

  note(events: readonly StoredEvent[], { segment, position, bytes }: Spot): void {
    const step = stepBytes * Math.ceil(this.#topics.size / topicsPerStep);
    for (const event of events) {
      const topic = this.#topic(event.topic);
      const last = topic.entries.at(-1);
      if (last?.segment !== segment || bytes - topic.at >= step) {
        topic.entries.push({ offset: event.offset, segment, position, before: topic.bytes });
        topic.at = bytes;
      }
      topic.bytes += storedSize(event);
    }
  }

  /** Where to begin to look for an event. */
  find(topic: string, offset: number): IndexEntry | undefined {
    return this.#topics.get(topic)?.entries.findLast((entry) => entry.offset <= offset);
  }

  /** Forgets the segments before one, and says which events are gone with them. `next`: of each topic. */
  dropBefore(segment: number, next: (topic: string) => number): Drop["topics"] {
    const dropped: Drop["topics"][number][] = [];
    for (const [name, { entries, bytes }] of this.#topics) {
      const [oldest] = entries;
      if (!oldest || oldest.segment >= segment) continue;
      const kept = entries.findIndex((entry) => entry.segment >= segment);
      const gone = entries.splice(0, kept === -1 ? entries.length : kept);
      const [first] = entries;
      const end = first ?? { offset: next(name), before: bytes };
      const from = (gone[0] as IndexEntry).before;
      dropped.push({ name, first: end.offset, bytes: end.before - from });
    }
    return dropped;
  }

  *items(): Generator<IndexItem> {
    for (const [topic, { bytes, entries }] of this.#topics)
      yield { index: { topic, bytes, entries } };
  }

  restore({ index: { topic, bytes, entries } }: IndexItem): void {
    this.#topics.set(topic, { bytes, entries: [...entries], at: 0 });
  }

  #topic(name: string): TopicIndex {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = { bytes: 0, entries: [], at: 0 };
      this.#topics.set(name, topic);
    }
    return topic;
  }
}
