/**
 * Events in one piece, as they lie on the disk and travel: packed by whoever publishes them, passed on unopened, and unpacked by
 * whoever works on them. To the log they come within JSON, as base64, which costs less than escaping the texts; from it they go as they are
 * (poll-answer.ts).
 *
 * ```
 *   count u32   count x (key u32, head u32, body u32)   texts: key, head, body of the first, of the second, ...
 * ```
 * Numbers are little-endian; lengths are those of the texts in UTF-16 units, and the texts are UTF-8: a reader decodes all of them at
 * once and cuts. An event that was left out for a reader who does not want it has `leftOut` as the length of its key and no texts.
 */
import { Buffer, isAscii } from "node:buffer";
import { DureError } from "../../kit/index.ts";
import { type AppendBatch, eventLimits, type NewEvent, type StoredEvent } from "../types.ts";
import { laneOf } from "./lanes.ts";
import { eventId, eventIds } from "./sources.ts";

/** The texts of an event. */
type Texts = Omit<NewEvent, "topic">;

/** Events of one topic that one source has published one after another. */
export interface PackedRun {
  readonly topic: string;
  readonly count: number;
  /** The bytes as base64. */
  readonly events: string;
}

/** An {@link AppendBatch} as it travels. */
export interface PackedBatch extends Omit<AppendBatch, "events"> {
  readonly runs: PackedRun[];
}

/** A run in the log. */
export interface StoredBlock {
  /** Of its first event. */
  readonly offset: number;
  readonly count: number;
  /** When it was stored, in ms since 1970. */
  readonly at: number;
  readonly source: string;
  readonly epoch: number;
  /** The number of its first event at its source. */
  readonly seq: number;
  readonly events: Uint8Array;
}

const headerBytes = 4;
const entryBytes = 12;
const leftOut = 0xffffffff;

/** Packs a batch. */
export function packBatch({ events, ...origin }: AppendBatch): PackedBatch {
  return { ...origin, runs: packRuns(events) };
}

/** Packs events; those of one topic that follow each other go into one run. */
export function packRuns(events: readonly NewEvent[]): PackedRun[] {
  const runs: PackedRun[] = [];
  for (let from = 0; from < events.length; ) {
    const { topic } = events[from] as NewEvent;
    let end = from + 1;
    while (events[end]?.topic === topic) end += 1;
    runs.push({
      topic,
      count: end - from,
      events: pack(events.slice(from, end)).toString("base64"),
    });
    from = end;
  }
  return runs;
}

/** What {@link packBatch} has packed. Throws INVALID_ARGUMENT for anything else. */
export function unpackBatch({ runs, ...origin }: PackedBatch): AppendBatch {
  const events = runs.flatMap(({ topic, ...run }) =>
    unpack(packedBytes(run)).map(({ key, head, body }): NewEvent => ({ topic, key, head, body })),
  );
  return { ...origin, events };
}

/** The bytes of a run. Throws INVALID_ARGUMENT for what is too large or was not packed as it says. */
export function packedBytes({ count, events }: Omit<PackedRun, "topic">): Buffer {
  const bytes = Buffer.from(events, "base64");
  const textsAt = headerBytes + entryBytes * count;
  // The decoder passes over what is not base64.
  const isBase64 = events.length === 4 * Math.ceil(bytes.length / 3);
  const isWhole =
    isBase64 && count > 0 && bytes.length >= textsAt && bytes.readUInt32LE(0) === count;
  const largest = isWhole ? largestOf(bytes) : undefined;
  if (largest === undefined)
    throw new DureError(
      "INVALID_ARGUMENT",
      `a run of ${count} events is not packed as it should be`,
    );
  const { eventBytesMax, batchBytesMax } = eventLimits;
  if (largest > eventBytesMax || bytes.length - textsAt > batchBytesMax) {
    const message = `an event of ${largest} bytes in a run of ${bytes.length}; the most is ${eventBytesMax} and ${batchBytesMax}. Store the data elsewhere and publish where it is`;
    throw new DureError("INVALID_ARGUMENT", message);
  }
  return bytes;
}

/** The same bytes without the first events. */
export function withoutFirst(bytes: Buffer, count: number): Buffer {
  return pack(unpack(bytes).slice(count));
}

/** Stored events as blocks: those that one source numbered one after another, and that were stored together, share one. */
export function blocksOf(events: readonly StoredEvent[]): StoredBlock[] {
  const blocks: StoredBlock[] = [];
  for (let from = 0; from < events.length; ) {
    const first = events[from] as StoredEvent;
    const { offset, at } = first;
    const origin = originOf(first.id);
    const { source, epoch, seq } = origin;
    const isNext = (event: StoredEvent | undefined, index: number) =>
      event?.offset === offset + index &&
      event.at === at &&
      event.id === eventId(source, epoch, seq + index);
    let count = 1;
    while (isNext(events[from + count], count)) count += 1;
    blocks.push({ offset, count, at, ...origin, events: pack(events.slice(from, from + count)) });
    from += count;
  }
  return blocks;
}

/** The events of blocks, from an offset on. Their heads and bodies are pieces of the block's text, and keep it in memory. */
export function eventsIn(topic: string, blocks: readonly StoredBlock[], from = 0): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (const block of blocks) {
    const reader = new BlockReader(topic, block);
    while (reader.advance()) if (reader.offset >= from) events.push(reader.event());
  }
  return events;
}

/** Goes through the events of a block; what was left out is passed over. It makes no object of what nobody asks for. */
export class BlockReader {
  readonly #topic: string;
  readonly #block: StoredBlock;
  readonly #bytes: Buffer;
  readonly #texts: string;
  readonly #idOf: (seq: number) => string;
  #index = -1;
  #keyAt = 0;
  #headAt = 0;
  #bodyAt = 0;
  #end = 0;

  constructor(topic: string, block: StoredBlock) {
    this.#topic = topic;
    this.#block = block;
    this.#bytes = asBuffer(block.events);
    this.#texts = textsOf(this.#bytes);
    this.#idOf = eventIds(block.source, block.epoch);
  }

  /** Moves on to the next event; false at the end. */
  advance(): boolean {
    const bytes = this.#bytes;
    while (++this.#index < this.#block.count) {
      const entry = headerBytes + entryBytes * this.#index;
      const keyLength = bytes.readUInt32LE(entry);
      if (keyLength === leftOut) continue;
      this.#keyAt = this.#end;
      this.#headAt = this.#keyAt + keyLength;
      this.#bodyAt = this.#headAt + bytes.readUInt32LE(entry + 4);
      this.#end = this.#bodyAt + bytes.readUInt32LE(entry + 8);
      return true;
    }
    return false;
  }

  /** How many it has gone through, what was left out included. */
  get passed(): number {
    return Math.min(this.#index + 1, this.#block.count);
  }

  /** Of the event that it is at. */
  get offset(): number {
    return this.#block.offset + this.#index;
  }

  get lane(): number {
    return this.#keyAt === this.#headAt
      ? laneOf(this.#id)
      : laneOf(this.#texts, this.#keyAt, this.#headAt);
  }

  event(): StoredEvent {
    const texts = this.#texts;
    return {
      topic: this.#topic,
      offset: this.offset,
      at: this.#block.at,
      key: detached(texts.substring(this.#keyAt, this.#headAt)),
      id: this.#id,
      head: texts.substring(this.#headAt, this.#bodyAt),
      body: texts.substring(this.#bodyAt, this.#end),
    };
  }

  get #id(): string {
    return this.#idOf(this.#block.seq + this.#index);
  }
}

/** A block with the events of some lanes only; undefined if it has none of them. */
export function onlyLanes(block: StoredBlock, lanes: ReadonlySet<number>): StoredBlock | undefined {
  const kept = new Array<Texts | undefined>(block.count).fill(undefined);
  const reader = new BlockReader("", block);
  while (reader.advance()) if (lanes.has(reader.lane)) kept[reader.passed - 1] = reader.event();
  if (!kept.some((texts) => texts !== undefined)) return undefined;
  return { ...block, events: pack(kept) };
}

/** The offset after a block's last event. */
export function nextOf({ offset, count }: StoredBlock): number {
  return offset + count;
}

/** All of a run's events: none of those is left out. */
function unpack(events: Buffer): StoredEvent[] {
  const count = events.readUInt32LE(0);
  const block = { offset: 0, count, at: 0, source: "", epoch: 0, seq: 0, events };
  return eventsIn("", [block]);
}

function pack(events: readonly (Texts | undefined)[]): Buffer {
  let texts = "";
  for (const event of events) if (event) texts += event.key + event.head + event.body;
  const textsAt = headerBytes + entryBytes * events.length;
  const bytes = Buffer.allocUnsafe(textsAt + Buffer.byteLength(texts));
  let at = bytes.writeUInt32LE(events.length, 0);
  for (const event of events) {
    at = bytes.writeUInt32LE(event ? event.key.length : leftOut, at);
    at = bytes.writeUInt32LE(event?.head.length ?? 0, at);
    at = bytes.writeUInt32LE(event?.body.length ?? 0, at);
  }
  bytes.write(texts, textsAt, "utf8");
  return bytes;
}

function textsOf(bytes: Buffer): string {
  const texts = bytes.subarray(headerBytes + entryBytes * bytes.readUInt32LE(0));
  // Most are, and copying takes a fraction of decoding.
  return texts.toString(isAscii(texts) ? "latin1" : "utf8");
}

/** The same memory, with the methods of a Buffer. */
export function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** The same text by itself: V8's substrings point into what they were cut from, and tables keep keys for long. */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}

/** Length of the largest event's texts; undefined if the lengths are not those of the texts. */
function largestOf(bytes: Buffer): number | undefined {
  const count = bytes.readUInt32LE(0);
  let largest = 0;
  let all = 0;
  for (let at = headerBytes; at < headerBytes + entryBytes * count; at += entryBytes) {
    const size = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8);
    largest = Math.max(largest, size);
    all += size;
  }
  const texts = bytes.subarray(headerBytes + entryBytes * count);
  const length = isAscii(texts) ? texts.length : texts.toString("utf8").length;
  return all === length ? largest : undefined;
}

/** What {@link eventId} has put together. */
function originOf(id: string): Pick<StoredBlock, "source" | "epoch" | "seq"> {
  const [, source = id, epoch = "0", seq = "0"] = /^(.*):(\d+):(\d+)$/s.exec(id) ?? [];
  return { source, epoch: Number(epoch), seq: Number(seq) };
}
