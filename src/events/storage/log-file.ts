/**
 * The log as a SQLite file: WAL, `synchronous=FULL`, one process. What a transaction has committed survives a power cut (SQLite,
 * "Atomic Commit in SQLite"; "Write-Ahead Logging"). Synchronous; a worker thread owns it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { DureError } from "../../kit/index.ts";
import {
  type PackedBatch,
  packedBytes,
  type StoredBlock,
  withoutFirst,
} from "../core/packed-events.ts";
import { expectedSeq, type Source } from "../core/sources.ts";
import { eventLimits } from "../types.ts";
import { checkRow, rowChecksum } from "./damage.ts";
import { checkFile } from "./file-check.ts";
import { explainSqlite } from "./sqlite-errors.ts";
import { schema } from "./tables.ts";
import { type ReadBounds, type Retention, TopicFile } from "./topic-file.ts";
import { checkWal } from "./wal-check.ts";

/** 1 had a row for each event. */
const formatVersion = 2;
/** A source that has said nothing for so long is forgotten, in ms: what it sends again then would be stored twice. */
const sourceKeepMs = 30 * 24 * 3_600_000;

/** What became of an appended batch. */
export interface Appended {
  /** By topic: the offset after the last event stored. */
  readonly next: Readonly<Record<string, number>>;
  /** By topic: when the log took them, in ms since 1970. */
  readonly at: Readonly<Record<string, number>>;
  /** Events that had been stored before. */
  readonly duplicates: number;
}

export class LogFile {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly #topics = new Map<string, TopicFile>();
  /** Topics of which the running transaction has stored events. */
  readonly #touched = new Set<TopicFile>();
  /** How far each source has been taken in, so that what is sent again is not stored again. */
  readonly #sources = new Map<string, Source>();
  readonly #saveSource: StatementSync;
  /** How often the file has been opened: what fences off whoever held lanes before. */
  readonly incarnation: number;

  /** Opens or makes the file. Throws ALREADY_EXISTS while another process has it, DATA_LOSS naming the file if it is damaged. */
  constructor(folder: string) {
    if (folder !== ":memory:") mkdirSync(folder, { recursive: true });
    this.path = folder === ":memory:" ? folder : join(folder, "events.db");
    try {
      if (folder !== ":memory:") checkWal(this.path);
      this.database = new DatabaseSync(this.path, { timeout: 0 });
      // Exclusive: a second process is refused, and readers need no shared memory.
      this.database.exec("pragma locking_mode = exclusive");
      this.database.exec("pragma journal_mode = wal");
      this.database.exec("pragma synchronous = full");
      this.database.exec("pragma wal_autocheckpoint = 4000");
      this.#checkFormat();
      checkFile(this.database, this.path);
      this.database.exec(`begin immediate; ${schema}`);
      this.incarnation = this.#openMeta();
      this.database.exec("commit");
      this.#saveSource = this.database.prepare(
        "insert or replace into sources values (?, ?, ?, ?, ?)",
      );
      this.#load();
    } catch (thrown) {
      throw explainSqlite(thrown, this.path);
    }
  }

  /** All topics. */
  topics(): Iterable<TopicFile> {
    return this.#topics.values();
  }

  /** The offsets that can be read: from the first on, before the next. An unknown topic has none. */
  range(topic: string): { first: number; next: number } {
    const { first = 0, next = 0 } = this.#topics.get(topic) ?? {};
    return { first, next };
  }

  /**
   * Stores what is new of a batch. Runs within a transaction. Throws OUT_OF_RANGE for a batch that leaves a gap, ABORTED for one of an
   * epoch that is over, RESOURCE_EXHAUSTED for one topic too many, INVALID_ARGUMENT for what is not packed as it should be.
   */
  append({ source, epoch, seq, runs }: PackedBatch, wallTime: number): Appended {
    const known = this.#sources.get(source);
    const expected = expectedSeq(known, { epoch, seq });
    if (known && epoch < known.epoch) {
      const message = `source ${source} has begun epoch ${known.epoch}; ${epoch} is over`;
      throw new DureError("ABORTED", message, { details: { epoch: known.epoch } });
    }
    if (seq > expected) {
      const message = `source ${source}: event ${expected} is next, not ${seq}`;
      throw new DureError("OUT_OF_RANGE", message);
    }
    const end = runs.reduce((sum, { count }) => sum + count, seq);
    const next: Record<string, number> = {};
    const at: Record<string, number> = {};
    let from = seq;
    for (const { topic: name, ...run } of runs) {
      const isThere = Math.min(Math.max(expected - from, 0), run.count);
      const count = run.count - isThere;
      if (count > 0) {
        const whole = packedBytes(run);
        const bytes = isThere > 0 ? withoutFirst(whole, isThere) : whole;
        const topic = this.#topics.get(name) ?? this.#addTopic(name);
        next[name] = topic.store({ count, source, epoch, seq: from + isThere }, bytes, wallTime);
        at[name] = topic.lastAt;
        this.#touched.add(topic);
      }
      from += run.count;
    }
    const duplicates = Math.min(expected, end) - seq;
    const reached = Math.max(expected, end);
    if (!known || known.epoch !== epoch || known.seq !== reached) {
      this.#sources.set(source, { epoch, seq: reached });
      this.#saveSource.run(source, epoch, reached, wallTime, rowChecksum(source, epoch, reached));
    }
    return { next, at, duplicates };
  }

  /** Before a transaction is committed. */
  seal(): void {
    for (const topic of this.#touched) topic.save();
    this.#touched.clear();
  }

  /** Events from an offset on, within bounds. Throws DATA_LOSS for a block that is damaged. */
  read(topic: string, from: number, bounds: ReadBounds): StoredBlock[] {
    return this.#topics.get(topic)?.read(from, bounds) ?? [];
  }

  /** Drops what is too old or too much, and sources that have fallen silent. Gives back how many segments went. */
  retain(retention: Retention, now: number): number {
    let dropped = 0;
    for (const topic of this.#topics.values()) dropped += topic.retain(retention, now);
    const silent = this.database
      .prepare("delete from sources where at < ? returning name")
      .all(now - sourceKeepMs) as { name: string }[];
    for (const { name } of silent) this.#sources.delete(name);
    return dropped;
  }

  /** A transaction was rolled back: what is known in memory is read again. */
  reload(): void {
    this.#topics.clear();
    this.#touched.clear();
    this.#sources.clear();
    this.#load();
  }

  close(): void {
    this.database.close();
  }

  #addTopic(name: string): TopicFile {
    if (this.#topics.size >= eventLimits.topicsMax) {
      const message = `topic ${name}: the log has ${eventLimits.topicsMax} topics, and that is the most`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const id = this.#topics.size + 1;
    this.database
      .prepare("insert into topics values (?, ?, ?)")
      .run(id, name, rowChecksum(id, name));
    const topic = new TopicFile(this.database, id, { name, isNew: true });
    this.#topics.set(name, topic);
    return topic;
  }

  #checkFormat(): void {
    // Before all else: a newer version may have other tables.
    const isThere = this.database
      .prepare("select 1 from sqlite_schema where type = 'table' and name = 'meta'")
      .get();
    const found = isThere ? (this.#metaValue("format") ?? formatVersion) : formatVersion;
    if (found === formatVersion) return;
    throw new DureError(
      "FAILED_PRECONDITION",
      found > formatVersion
        ? `${this.path} was written by a newer version (format ${found}, this one reads ${formatVersion}); upgrade Dure`
        : `${this.path} was written by an older version (format ${found}, this one reads ${formatVersion}), and nothing of it was changed; let that version's groups finish their work, then begin a new log in another folder (events.dir)`,
    );
  }

  #metaValue(name: string): number | undefined {
    const row = this.database.prepare("select value, crc from meta where name = ?").get(name) as
      | { value: number; crc: number }
      | undefined;
    checkRow(!row || row.crc === rowChecksum(name, row.value), this.path, `its ${name}`);
    return row?.value;
  }

  #openMeta(): number {
    const incarnation = (this.#metaValue("incarnation") ?? 0) + 1;
    const write = this.database.prepare("insert or replace into meta values (?, ?, ?)");
    for (const [name, value] of [
      ["format", formatVersion],
      ["incarnation", incarnation],
    ] as const)
      write.run(name, value, rowChecksum(name, value));
    return incarnation;
  }

  #load(): void {
    const sources = this.database.prepare("select name, epoch, seq, crc from sources").all();
    for (const { name, epoch, seq, crc } of sources as unknown as (Source & CheckedRow)[]) {
      checkRow(crc === rowChecksum(name, epoch, seq), this.path, "what is known of publishers");
      this.#sources.set(name, { epoch, seq });
    }
    const topics = this.database.prepare("select id, name, crc from topics").all();
    for (const { id, name, crc } of topics as unknown as (CheckedRow & { id: number })[]) {
      checkRow(crc === rowChecksum(id, name), this.path, "the list of topics");
      this.#topics.set(name, new TopicFile(this.database, id, { name, isNew: false }));
    }
  }
}

interface CheckedRow {
  readonly name: string;
  readonly crc: number;
}
