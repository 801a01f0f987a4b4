/**
 * Everything that counts, in streams ("Streams" in RabbitMQ's documentation): segments that are read from any place on, and dropped as a
 * whole. A segment begins with the state that the log had then, so that the newest one is enough to start.
 *
 * The server replicates a stream, but leaves syncing to the operating system; the journal keeps what may not be on disk yet.
 */
import { randomUUID } from "node:crypto";
import { storedSize } from "../engine/log-book.ts";
import type { ReadBounds, Retention } from "../storage/topic-file.ts";
import type { StoredEvent } from "../types.ts";
import { type StateItem, storedEvents } from "./core/log-state.ts";
import { type IndexItem, OffsetIndex } from "./core/offset-index.ts";
import { type JournalRecord, recordOf } from "./journal.ts";
import type { RabbitmqConfirmChannel, RabbitmqMessage } from "./rabbitmq-client.ts";
import type { RabbitmqLink } from "./rabbitmq-link.ts";

/** A stream. Who wrote it may have repeated messages at the end: it has `count` messages at least. */
export interface Segment {
  readonly id: number;
  count: number;
  bytes: number;
  /** Of its newest event. */
  lastAt: number;
}

/** Which segments there are. */
export interface ArchiveRoot {
  readonly segments: readonly Segment[];
  /** Numbers from here on have not been used. */
  readonly nextId: number;
  /** May be there, and are of no use. */
  readonly waste: readonly number[];
}

/** A part of what a segment begins with: the state after record `n`. */
interface StatePart {
  readonly n: number;
  readonly items: readonly (StateItem | IndexItem)[];
  readonly isLast: boolean;
}

/** How the state is made again. */
export interface Restoring {
  restore(item: StateItem): void;
  /** Gives back the events that the record stored. */
  redo(record: JournalRecord): readonly StoredEvent[];
}

/** A segment is closed at this size, or at four times that of the state in it. */
const segmentBytesMax = 64 * 1024 * 1024;
/** Of a message with a part of the state, roughly. */
const partSize = 1024 * 1024;
/** Read of a segment in search of more, once there is something to answer, in bytes. */
const scanBytesMax = 4 * 1024 * 1024;

export class Archive {
  readonly #link: RabbitmqLink;
  readonly #channel: RabbitmqConfirmChannel;
  readonly #prefix: string;
  readonly #segments: Segment[];
  readonly #waste: number[];
  #nextId: number;
  #index = new OffsetIndex();
  #stateBytes = 0;
  /** Records that the server has not confirmed yet. */
  readonly #pending = new Map<number, { readonly size: number; readonly stored: Promise<void> }>();
  #pendingBytes = 0;
  #last = -1;

  constructor(
    link: RabbitmqLink,
    channel: RabbitmqConfirmChannel,
    { prefix, root }: { readonly prefix: string; readonly root: ArchiveRoot },
  ) {
    this.#link = link;
    this.#channel = channel;
    this.#prefix = prefix;
    this.#segments = root.segments.map((segment) => ({ ...segment }));
    this.#nextId = root.nextId;
    this.#waste = [...root.waste];
  }

  get root(): ArchiveRoot {
    return { segments: this.#segments, nextId: this.#nextId, waste: this.#waste };
  }

  /** The record up to which everything is stored. */
  get archived(): number {
    const [oldest] = this.#pending.keys();
    return oldest === undefined ? this.#last : oldest - 1;
  }

  /** Of records that are not stored yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isFull(): boolean {
    const { bytes } = this.#segments.at(-1) as Segment;
    return bytes - this.#stateBytes > Math.max(segmentBytesMax, 4 * this.#stateBytes);
  }

  /** Begins to store a record. */
  copy(n: number, content: Buffer, events: readonly StoredEvent[]): void {
    this.#last = n;
    const segment = this.#segments.at(-1);
    if (!segment) return;
    this.#count(segment, segment.count, { size: content.length, events });
    const size = content.length;
    const stored = this.#publish(segment, `${n}`, content).then(() => {
      this.#pending.delete(n);
      this.#pendingBytes -= size;
    });
    // Told to whoever waits for it; and the session ends with it.
    stored.catch(() => {});
    this.#pending.set(n, { size, stored });
    this.#pendingBytes += size;
  }

  /** Resolves when everything is stored. */
  async settled(): Promise<void> {
    await Promise.all([...this.#pending.values()].map(({ stored }) => stored));
  }

  /** The number of a segment to come: it has to be written down before there is something of it. */
  reserve(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#waste.push(id);
    return id;
  }

  /** Begins a segment with the state after record `n`. What follows goes there. */
  async begin(id: number, n: number, state: Iterable<StateItem>): Promise<void> {
    await this.settled();
    const segment: Segment = { id, count: 0, bytes: 0, lastAt: 0 };
    await this.#declare(id);
    for (const part of stateParts(n, [...state, ...this.#index.items()])) {
      const content = Buffer.from(JSON.stringify(part));
      await this.#publish(segment, "state", content);
      segment.count += 1;
      segment.bytes += content.length;
    }
    this.#stateBytes = segment.bytes;
    this.#segments.push(segment);
    this.#waste.splice(this.#waste.indexOf(id), 1);
  }

  /** Makes the state that the newest segment tells. Gives back the number of its last record; undefined without a segment. */
  async load(restoring: Restoring): Promise<number | undefined> {
    for (;;) {
      const segment = this.#segments.at(-1);
      if (!segment) return undefined;
      const last = await this.#load(segment, restoring);
      if (last !== undefined) {
        this.#index.dropBefore((this.#segments[0] as Segment).id, () => 0);
        this.#last = last;
        return last;
      }
      // A power cut took its beginning. The segment before it has been complete for longer.
      this.#waste.push(segment.id);
      this.#segments.pop();
    }
  }

  /** Events from an offset on that is there. */
  async read(topic: string, from: number, bounds: ReadBounds): Promise<StoredEvent[]> {
    const entry = this.#index.find(topic, from);
    const segment = this.#segments.find(({ id }) => id === entry?.segment);
    if (!entry || !segment) return [];
    if (segment === this.#segments.at(-1)) await this.settled();
    const events: StoredEvent[] = [];
    let size = 0;
    let scanned = 0;
    await this.#link.readStream(this.#nameOf(segment.id), entry.position, (message, position) => {
      scanned += message.content.length;
      for (const event of eventsOf(message, topic)) {
        if (event.offset !== from + events.length) continue;
        size += storedSize(event);
        if (events.length > 0 && (size > bounds.bytesMax || events.length >= bounds.eventsMax))
          return true;
        events.push(event);
      }
      return events.length > 0 && (position >= segment.count - 1 || scanned > scanBytesMax);
    });
    return events;
  }

  /** Parts with segments that are too old or too much, never with the newest; says which events are gone. `next`: of each topic. */
  expire({ keepMs, keepBytes, now }: Retention & { now: number }, next: (topic: string) => number) {
    let size = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    const isSpent = ({ lastAt }: Segment) => lastAt < now - keepMs || size > keepBytes;
    let count = 0;
    while (this.#segments.length > 1 && isSpent(this.#segments[0] as Segment)) {
      const { id, bytes } = this.#segments.shift() as Segment;
      this.#waste.push(id);
      size -= bytes;
      count += 1;
    }
    return { count, topics: this.#index.dropBefore(this.#segments[0]?.id ?? 0, next) };
  }

  /** Deletes what is of no use: once that has been written down. */
  async clean(): Promise<void> {
    for (const id of this.#waste.splice(0)) {
      const name = this.#nameOf(id);
      await this.#link.answer(`the end of ${name}`, () => this.#channel.deleteQueue(name));
    }
  }

  async #load(segment: Segment, { restore, redo }: Restoring): Promise<number | undefined> {
    // One that was lost as a whole is as good as one that is empty.
    await this.#declare(segment.id);
    const mark = `mark ${randomUUID()}`;
    await this.#publish(segment, mark, Buffer.alloc(0));
    Object.assign(segment, { count: 0, bytes: 0 });
    this.#index = new OffsetIndex();
    const items: StatePart["items"][number][] = [];
    let last: number | undefined;
    const onState = (part: StatePart) => {
      items.push(...part.items);
      if (!part.isLast) return;
      for (const item of items)
        if ("index" in item) this.#index.restore(item);
        else restore(item);
      last = part.n;
    };
    await this.#link.readStream(this.#nameOf(segment.id), 0, (message, position) => {
      const { content } = message;
      if (message.properties.messageId === mark) return true;
      const told = contentOf(message);
      let events: readonly StoredEvent[] = [];
      if (told && "items" in told) {
        onState(told);
        this.#stateBytes = segment.bytes + content.length;
      } else if (told && last !== undefined && told.n === last + 1) {
        last = told.n;
        events = redo(told);
      }
      this.#count(segment, position, { size: content.length, events });
      return false;
    });
    return last;
  }

  async #declare(id: number): Promise<void> {
    const name = this.#nameOf(id);
    const options = { durable: true, arguments: { "x-queue-type": "stream" } };
    await this.#link.answer(`the stream ${name}`, () => this.#channel.assertQueue(name, options));
  }

  #count(
    segment: Segment,
    position: number,
    { size, events }: { readonly size: number; readonly events: readonly StoredEvent[] },
  ): void {
    this.#index.note(events, { segment: segment.id, position, bytes: segment.bytes });
    segment.count = position + 1;
    segment.bytes += size;
    segment.lastAt = events.at(-1)?.at ?? segment.lastAt;
  }

  #publish({ id: segment }: Segment, id: string, content: Buffer): Promise<void> {
    return this.#link.publish(this.#channel, this.#nameOf(segment), { id, content });
  }

  #nameOf(id: number): string {
    return `${this.#prefix}.archive.${id}`;
  }
}

function* stateParts(n: number, items: StatePart["items"]): Generator<StatePart> {
  let part: StatePart["items"][number][] = [];
  let size = 0;
  for (const item of items) {
    part.push(item);
    size += JSON.stringify(item).length;
    if (size < partSize) continue;
    yield { n, items: part, isLast: false };
    part = [];
    size = 0;
  }
  yield { n, items: part, isLast: true };
}

/** Nothing, where a message only marks a place. */
function contentOf({ content, fields }: RabbitmqMessage): StatePart | JournalRecord | undefined {
  return content.length === 0 ? undefined : recordOf(content, fields.routingKey);
}

/** What a message stored of a topic. */
function eventsOf(message: RabbitmqMessage, topic: string): StoredEvent[] {
  const told = contentOf(message);
  const changes = told && "changes" in told ? told.changes : [];
  return changes
    .filter((change) => change.name === "append")
    .filter(({ places }) => topic in places)
    .flatMap(storedEvents)
    .filter((event) => event.topic === topic);
}
