/** Topics and sources: what is appended, read and dropped. The log has one writer, so their state is known by heart. */
import { LruMap } from "../../kit/index.ts";
import { firstWithin } from "../core/sizes.ts";
import type { Source } from "../core/sources.ts";
import { type LogBook, storedSize, type Taken, type TopicState } from "../engine/log-book.ts";
import type { Appended } from "../storage/log-file.ts";
import type { StorageCalls } from "../storage/requests.ts";
import type { AppendBatch, StoredEvent } from "../types.ts";
import { type Block, type BlockLine, BlockPlan, readEvents, readLine } from "./blocks.ts";
import { Assembler, numbersOf } from "./frames.ts";
import type { NatsStream } from "./nats-stream.ts";

/** A source that has said nothing for so long is forgotten, in ms: what it sends again then would be stored twice. */
const sourceKeepMs = 30 * 24 * 3_600_000;
/** Offsets of which it is known where they are. */
const knownPlacesMax = 10_000;

/** Where a topic ends in the stream: the offset after its last event, and the bytes there have ever been. */
interface TopicEnd {
  readonly next: number;
  readonly bytes: number;
}

/** What a snapshot keeps of them. */
export interface TopicsSnapshot {
  readonly topics: Readonly<Record<string, TopicState & { readonly end: TopicEnd }>>;
  readonly sources: Readonly<Record<string, Source & { readonly heardAt: number }>>;
}

/** What retention drops of a topic: everything before a sequence number. */
export interface Cut {
  readonly subject: string;
  readonly seq: number;
}

export class NatsTopics {
  readonly #stream: NatsStream;
  readonly #book: LogBook;
  readonly #ends = new Map<string, TopicEnd>();
  readonly #heardAt = new Map<string, number>();
  /** By topic: its oldest block, as far as it was looked up. */
  readonly #oldest = new Map<string, BlockLine>();
  readonly #places = new LruMap<string, number>(knownPlacesMax);
  #plan = new BlockPlan();
  #taken: Taken["next"][] = [];
  #undo: (() => void)[] = [];

  constructor(stream: NatsStream, book: LogBook) {
    this.#stream = stream;
    this.#book = book;
  }

  /** Blocks that are to be stored next. */
  get planned(): readonly Block[] {
    return this.#plan.blocks;
  }

  /** Throws what {@link LogBook.take} throws. */
  append(batch: AppendBatch, wallTime: number): Appended {
    const { source, events: asked } = batch;
    for (const topic of new Set(asked.map((event) => event.topic)))
      this.#undo.push(restorer(this.#book.topics, topic), restorer(this.#ends, topic));
    this.#undo.push(restorer(this.#book.sources, source), restorer(this.#heardAt, source));
    const { events, next, at, duplicates } = this.#book.take(batch, wallTime);
    for (const event of events) {
      const { bytes } = this.#ends.get(event.topic) ?? { bytes: 0 };
      this.#plan.add(source, event, bytes);
      this.#ends.set(event.topic, { next: event.offset + 1, bytes: bytes + storedSize(event) });
    }
    this.#heardAt.set(source, Math.floor(wallTime));
    this.#taken.push(next);
    return { next, at, duplicates };
  }

  /** The planned blocks are stored, each from a sequence number on. */
  onStored(seqs: readonly number[]): void {
    for (const [index, { topic, events }] of this.#plan.blocks.entries())
      this.#places.set(placeKey(topic, (events[0] as StoredEvent).offset), seqs[index] as number);
    for (const next of this.#taken) this.#book.acknowledge(next);
    this.#forgetPlan();
  }

  /** The planned blocks are not stored. */
  onRefused(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#forgetPlan();
  }

  restore({ topics, sources }: TopicsSnapshot): void {
    this.#book.clear();
    this.#ends.clear();
    this.#heardAt.clear();
    for (const [name, { end, ...topic }] of Object.entries(topics)) {
      this.#book.topics.set(name, topic);
      this.#ends.set(name, end);
    }
    for (const [name, { heardAt, ...source }] of Object.entries(sources)) {
      this.#book.sources.set(name, source);
      this.#heardAt.set(name, heardAt);
    }
  }

  snapshot(): TopicsSnapshot {
    const topics = [...this.#book.topics].map(([name, topic]) => {
      return [name, { ...topic, end: this.#ends.get(name) ?? { next: 0, bytes: 0 } }] as const;
    });
    const sources = [...this.#book.sources].map(([name, source]) => {
      return [name, { ...source, heardAt: this.#heardAt.get(name) ?? 0 }] as const;
    });
    return { topics: Object.fromEntries(topics), sources: Object.fromEntries(sources) };
  }

  /** A block that was stored after the snapshot. */
  onBlock(subject: string, numbers: readonly number[], text: string): void {
    const name = topicOf(this.#stream, subject);
    const { next, place, end, at, first } = readLine(numbers);
    const known = this.#book.topics.get(name) ?? { first, bytes: 0 };
    const bytes = known.bytes + end - place;
    this.#book.topics.set(name, { first: known.first, next, lastAt: at, bytes });
    this.#ends.set(name, { next, bytes: end });
    for (const { id, at: heardAt } of readEvents(name, numbers, text)) {
      const [, source, epoch, seq] = /^(.*):(\d+):(\d+)$/s.exec(id) as unknown as string[];
      this.#book.sources.set(source as string, { epoch: Number(epoch), seq: Number(seq) + 1 });
      this.#heardAt.set(source as string, heardAt);
    }
  }

  async read({ topic, from, bounds }: StorageCalls["read"]["in"]): Promise<StoredEvent[]> {
    const { next } = this.#ends.get(topic) ?? { next: 0 };
    const { first } = this.#book.topics.get(topic) ?? { first: 0 };
    const start = Math.max(from, first);
    if (start >= next) return [];
    const subject = subjectOf(this.#stream, topic);
    const assembler = new Assembler();
    const events: StoredEvent[] = [];
    let size = 0;
    for await (const { seq, data } of this.#stream.messages(
      subject,
      await this.#seqOf(topic, start),
    )) {
      const block = assembler.add(data);
      if (!block) continue;
      for (const event of readEvents(topic, block.numbers, block.text)) {
        if (event.offset < start) continue;
        events.push(event);
        size += storedSize(event);
      }
      const reached = readLine(block.numbers).next;
      this.#places.set(placeKey(topic, reached), seq + 1);
      if (reached >= next || events.length >= bounds.eventsMax || size > bounds.bytesMax) break;
    }
    return firstWithin(events.slice(0, bounds.eventsMax), bounds.bytesMax, storedSize);
  }

  /** Takes what is too old or too much as dropped, and sources that have fallen silent. Gives back what is to be dropped then. */
  async retain({
    keepMs,
    keepBytes,
    now,
  }: StorageCalls["retain"]["in"]): Promise<{ dropped: number; cuts: Cut[] }> {
    const cuts: Cut[] = [];
    let dropped = 0;
    for (const [name, topic] of this.#book.topics) {
      const end = this.#ends.get(name) ?? { next: 0, bytes: 0 };
      const isKept = ({ at, place }: BlockLine) =>
        at >= now - keepMs && end.bytes - place <= keepBytes;
      if (topic.first >= end.next || isKept(await this.#oldestOf(name, end))) continue;
      const kept = await this.#search(name, isKept);
      const { first, place } = kept?.line ?? { first: end.next, place: end.bytes };
      dropped += first - topic.first;
      this.#book.drop(name, first, topic.bytes - (end.bytes - place));
      this.#oldest.delete(name);
      const seq = kept?.seq ?? this.#stream.last + 1;
      cuts.push({ subject: subjectOf(this.#stream, name), seq });
    }
    for (const [name, heardAt] of this.#heardAt) {
      if (heardAt >= now - sourceKeepMs) continue;
      this.#heardAt.delete(name);
      this.#book.sources.delete(name);
    }
    return { dropped, cuts };
  }

  async #oldestOf(topic: string, { next, bytes }: TopicEnd): Promise<BlockLine> {
    let line = this.#oldest.get(topic);
    if (!line) {
      const message = await this.#stream.next(subjectOf(this.#stream, topic), 1);
      if (!message) return { first: next, next, place: bytes, end: bytes, at: 0 };
      line = readLine(numbersOf(message.data));
      this.#oldest.set(topic, line);
    }
    return line;
  }

  async #seqOf(topic: string, offset: number): Promise<number> {
    const known = this.#places.get(placeKey(topic, offset));
    if (known !== undefined) return known;
    const found = await this.#search(topic, ({ next }) => next > offset);
    return found?.seq ?? 1;
  }

  /** The first block of a topic for which that holds; it holds for all blocks after one for which it does. Searched by halves. */
  async #search(
    topic: string,
    holds: (line: BlockLine) => boolean,
  ): Promise<{ seq: number; line: BlockLine } | undefined> {
    const subject = subjectOf(this.#stream, topic);
    let [low, high] = [1, this.#stream.last + 1];
    let found: { seq: number; line: BlockLine } | undefined;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const message = await this.#stream.next(subject, middle);
      const line = message && readLine(numbersOf(message.data));
      if (message && line && !holds(line)) low = message.seq + 1;
      else {
        high = middle;
        found = message && line && { seq: message.seq, line };
      }
    }
    return found;
  }

  #forgetPlan(): void {
    this.#plan = new BlockPlan();
    this.#taken = [];
    this.#undo = [];
  }
}

function placeKey(topic: string, offset: number): string {
  return `${topic} ${offset}`;
}

/** Puts an entry back as it is now. */
function restorer<Value>(map: Map<string, Value>, key: string): () => void {
  const value = map.get(key);
  const copy = typeof value === "object" ? { ...value } : value;
  return () => void (copy === undefined ? map.delete(key) : map.set(key, copy));
}

/** A topic's subject: its name as one token, which has no dot, star or space (NATS, "Subject-Based Messaging"). */
export function subjectOf(stream: NatsStream, topic: string): string {
  const token = encodeURIComponent(topic).replaceAll(".", "%2E").replaceAll("*", "%2A");
  return `${stream.name}.events.${token}`;
}

function topicOf(stream: NatsStream, subject: string): string {
  return decodeURIComponent(subject.slice(`${stream.name}.events.`.length));
}
