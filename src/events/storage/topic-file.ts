import type { Buffer } from "node:buffer";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { DureError } from "../../kit/index.ts";
import { nextOf, type StoredBlock } from "../core/packed-events.ts";
import { checkRow, damaged, rowChecksum } from "./damage.ts";
import { explainSqlite } from "./sqlite-errors.ts";
import { createEventTable, eventTable } from "./tables.ts";

/** A segment is closed at this size: what retention can drop at once. */
const segmentBytesMax = 64 * 1024 * 1024;
/** What a block takes beside its events, roughly. */
const overheadBytes = 64;

/** What is kept of a topic. */
export interface Retention {
  /** Segments whose newest event is older are dropped, in ms. */
  readonly keepMs: number;
  /** Oldest segments are dropped while a topic is larger. */
  readonly keepBytes: number;
}

/** How much is read at once. */
export interface ReadBounds {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

interface Segment {
  readonly first: number;
  readonly table: string;
  /** The offset after its last event. */
  next: number;
  /** Of its newest event; that of the one before it while it has none. */
  lastAt: number;
  bytes: number;
  readonly insert: StatementSync;
  readonly select: StatementSync;
  readonly selectEnd: StatementSync;
}

/** Where the events of a block come from. */
type Origin = Pick<StoredBlock, "count" | "source" | "epoch" | "seq">;

/** One topic in the file: tables one after another, of which the last one is written to. */
export class TopicFile {
  readonly name: string;
  readonly #database: DatabaseSync;
  readonly #id: number;
  readonly #segments: Segment[] = [];
  readonly #save: StatementSync;
  /** Why nothing of the topic can be trusted; other topics are served. */
  #damage: unknown;

  /** Reads the topic that has the number, or begins it. */
  constructor(database: DatabaseSync, id: number, { name, isNew }: TopicEntry) {
    this.#database = database;
    this.#id = id;
    this.name = name;
    this.#save = database.prepare("insert or replace into segments values (?, ?, ?, ?, ?, ?)");
    if (isNew) {
      this.#begin(0, 0);
      return;
    }
    this.#load();
    try {
      this.#checkEnd();
    } catch (thrown) {
      this.#damage = explainSqlite(thrown, this.#path);
    }
  }

  get first(): number {
    return this.#segments[0]?.first ?? 0;
  }

  /** The offset of the event that is stored next. */
  get next(): number {
    return this.#segments.at(-1)?.next ?? 0;
  }

  /** When the newest event was stored. */
  get lastAt(): number {
    return this.#segments.at(-1)?.lastAt ?? 0;
  }

  /** Of its events, roughly. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Stores packed events. Gives back the offset after the last one. */
  store({ count, source, epoch, seq }: Origin, bytes: Buffer, wallTime: number): number {
    if (this.#damage) throw this.#damage;
    let segment = this.#segments.at(-1) as Segment;
    const size = bytes.length + overheadBytes;
    if (segment.bytes > 0 && segment.bytes + size > segmentBytesMax) {
      this.save();
      segment = this.#begin(segment.next, segment.lastAt);
    }
    const offset = segment.next;
    // A clock that was set back changes no order.
    const at = Math.max(wallTime, segment.lastAt);
    const crc = this.#checksum({ offset, count, at, source, epoch, seq }, bytes);
    segment.insert.run(offset, count, at, source, epoch, seq, bytes, crc);
    segment.lastAt = at;
    segment.bytes += size;
    segment.next = offset + count;
    return segment.next;
  }

  /**
   * Blocks from the one that has an offset on, within bounds, one at least. Throws DATA_LOSS where the first one is damaged or missing;
   * those before it are good.
   */
  read(from: number, { eventsMax, bytesMax }: ReadBounds): StoredBlock[] {
    if (this.#damage) throw this.#damage;
    const blocks: StoredBlock[] = [];
    let expected = Math.max(from, this.first);
    const end = expected + eventsMax;
    let bytes = 0;
    try {
      for (const segment of this.#segments) {
        if (segment.next <= expected) continue;
        for (const row of segment.select.iterate(expected, expected) as Iterable<Row>) {
          const block = this.#blockOf(row, expected, blocks.length === 0);
          bytes += row.events.length;
          if (blocks.length > 0 && bytes > bytesMax) return blocks;
          blocks.push(block);
          expected = nextOf(block);
          if (expected >= end) return blocks;
        }
        if (expected < segment.next) throw this.#damageAt(expected);
      }
    } catch (thrown) {
      const damage = explainSqlite(thrown, this.#path);
      if ((damage as DureError).code !== "DATA_LOSS") throw damage;
      if (blocks.length === 0) throw this.#damageAt(expected);
    }
    return blocks;
  }

  /** Drops segments that are too old or too many, never the one that is written to. Gives back how many. */
  retain({ keepMs, keepBytes }: Retention, now: number): number {
    let dropped = 0;
    while (this.#segments.length > 1 && !this.#damage) {
      const oldest = this.#segments[0] as Segment;
      if (oldest.lastAt >= now - keepMs && this.bytes <= keepBytes) break;
      this.#database.exec(`drop table ${oldest.table}`);
      this.#database
        .prepare("delete from segments where topic = ? and first = ?")
        .run(this.#id, oldest.first);
      this.#segments.shift();
      dropped += 1;
    }
    return dropped;
  }

  /** Writes down how far the topic is: without it, events that vanish from the end would not be missed. */
  save(): void {
    const segment = this.#segments.at(-1) as Segment;
    const { first, next, lastAt, bytes } = segment;
    const crc = rowChecksum(this.#id, first, next, lastAt, bytes);
    this.#save.run(this.#id, first, next, lastAt, bytes, crc);
  }

  get #path(): string {
    return this.#database.location() ?? ":memory:";
  }

  #begin(first: number, lastAt: number): Segment {
    this.#database.exec(createEventTable(eventTable(this.#id, first)));
    const segment = this.#segment({ first, next: first, last_at: lastAt, bytes: 0 });
    this.#segments.push(segment);
    this.save();
    return segment;
  }

  #load(): void {
    const rows = this.#database
      .prepare(
        "select first, next, last_at, bytes, crc from segments where topic = ? order by first",
      )
      .all(this.#id) as unknown as (SegmentRow & { crc: number })[];
    const what = `what is known of topic ${this.name}`;
    checkRow(rows.length > 0, this.#path, what);
    for (const { crc, ...row } of rows) {
      const isIntact = crc === rowChecksum(this.#id, row.first, row.next, row.last_at, row.bytes);
      const former = this.#segments.at(-1);
      checkRow(isIntact && (former?.next ?? row.first) === row.first, this.#path, what);
      this.#segments.push(this.#segment(row));
    }
  }

  /** Other topics are served where the newest events of this one are damaged. */
  #checkEnd(): void {
    const { next, first, selectEnd } = this.#segments.at(-1) as Segment;
    const { end = first } = (selectEnd.get() as { end: number } | undefined) ?? {};
    if (end !== next) throw this.#damageAt(end);
  }

  #segment({ first, next, last_at: lastAt, bytes }: SegmentRow): Segment {
    const table = eventTable(this.#id, first);
    return {
      first,
      table,
      next,
      lastAt,
      bytes,
      insert: this.#database.prepare(`insert into ${table} values (?, ?, ?, ?, ?, ?, ?, ?)`),
      select: this.#database.prepare(
        `select * from ${table} where offset >= coalesce((select max(offset) from ${table} where offset <= ?), ?) order by offset`,
      ),
      selectEnd: this.#database.prepare(
        `select offset + count end from ${table} order by offset desc limit 1`,
      ),
    };
  }

  /** Throws DATA_LOSS for a row that is not what was written, or not the one that has or begins with an offset. */
  #blockOf({ crc, events, ...block }: Row, expected: number, isFirst: boolean): StoredBlock {
    // A flipped bit may make something else of a blob.
    const isIntact = ArrayBuffer.isView(events) && crc === this.#checksum(block, events);
    const isWanted = isFirst
      ? block.offset <= expected && expected < block.offset + block.count
      : block.offset === expected;
    if (!isIntact || !isWanted) throw this.#damageAt(expected);
    return { ...block, events };
  }

  /** With the topic: a table that was taken for another one would hold rows that fit. */
  #checksum(
    { offset, count, at, source, epoch, seq }: Omit<Row, "events" | "crc">,
    bytes: Uint8Array,
  ) {
    return crc32(bytes, rowChecksum(this.name, offset, count, at, source, epoch, seq));
  }

  #damageAt(offset: number): DureError {
    const what = `event ${offset} of ${this.name} is not what was written`;
    return damaged(this.#path, what, { topic: this.name, offset });
  }
}

interface TopicEntry {
  readonly name: string;
  readonly isNew: boolean;
}

interface SegmentRow {
  readonly first: number;
  readonly next: number;
  readonly last_at: number;
  readonly bytes: number;
}

interface Row extends Omit<StoredBlock, "events"> {
  readonly events: Uint8Array<ArrayBuffer>;
  readonly crc: number;
}
