/**
 * What consumer groups leave in the log's file: how far each lane is, events that are tried again, letters that nobody could
 * deliver. Synchronous, within the transactions of its caller.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { DureError } from "../../kit/index.ts";
import { laneCount } from "../core/lanes.ts";
import { failedEventSize, firstWithin } from "../core/sizes.ts";
import { type DeadLetter, eventLimits, type GroupChanges, type ParkedEvent } from "../types.ts";
import { checkRow, rowChecksum } from "./damage.ts";

/** A group as it was left. */
export interface SavedGroup {
  readonly id: number;
  /** By lane: everything before it is done or parked. */
  readonly cursors: Float64Array;
  readonly parked: readonly ParkedEvent[];
}

/** What has changed in a group. */
export interface GroupChange extends GroupChanges {
  readonly id: number;
  /** Lanes that have moved, each with its cursor. */
  readonly moved: readonly (readonly [number, number])[];
}

/** A group in a list. */
export interface GroupEntry {
  readonly id: number;
  readonly name: string;
  readonly topic: string;
}

export class GroupsFile {
  readonly #database: DatabaseSync;
  readonly #readCursors: StatementSync;
  readonly #saveCursors: StatementSync;
  readonly #park: StatementSync;
  readonly #unpark: StatementSync;
  readonly #bury: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#readCursors = database.prepare(
      "select name, topic, cursors, crc from consumer_groups where id = ?",
    );
    this.#saveCursors = database.prepare(
      "update consumer_groups set cursors = ?, crc = ? where id = ?",
    );
    this.#park = database.prepare("insert or replace into parked values (?, ?, ?, ?, ?, ?, ?)");
    this.#unpark = database.prepare("delete from parked where group_id = ? and offset = ?");
    this.#bury = database.prepare(
      "insert into dead_letters (group_name, topic, offset, at, event, history, crc) values (?, ?, ?, ?, ?, ?, ?) on conflict (group_name, topic, offset) do nothing",
    );
  }

  /** The group, made if it is new: then it starts at `start`. */
  open(name: string, topic: string, start: number): SavedGroup {
    const found = this.#database
      .prepare("select id from consumer_groups where name = ? and topic = ?")
      .get(name, topic) as { id: number } | undefined;
    if (!found) return this.#add(name, topic, start);
    const { cursors } = this.#row(found.id);
    return { id: found.id, cursors, parked: this.#parkedOf(found.id) };
  }

  /** @param now for letters. */
  save({ id, moved, park, unpark, bury }: GroupChange, now: number): void {
    const { name, topic, cursors } = this.#row(id);
    for (const [lane, cursor] of moved) cursors[lane] = cursor;
    const bytes = new Uint8Array(cursors.buffer);
    if (moved.length > 0) this.#saveCursors.run(bytes, groupChecksum(name, topic, bytes), id);
    for (const { offset } of unpark) this.#unpark.run(id, offset);
    for (const { offset, lane, due, history, event } of park) {
      const texts = [JSON.stringify(history), JSON.stringify(event)] as const;
      const crc = rowChecksum(id, offset, lane, due, ...texts);
      this.#park.run(id, offset, lane, due, ...texts, crc);
    }
    for (const { event, history } of bury) {
      const texts = [JSON.stringify(event), JSON.stringify(history)] as const;
      const crc = rowChecksum(name, topic, event.offset, now, ...texts);
      this.#bury.run(name, topic, event.offset, now, ...texts, crc);
    }
  }

  groups(): GroupEntry[] {
    return this.#database
      .prepare("select id, name, topic from consumer_groups order by name, topic")
      .all() as unknown as GroupEntry[];
  }

  /** Letters with a larger id than `after`, oldest first; not more than a message holds, and one if there is one. */
  deadLetters({
    group,
    after,
    max,
  }: {
    group?: string | undefined;
    after: number;
    max: number;
  }): DeadLetter[] {
    const rows = this.#database
      .prepare(
        "select * from dead_letters where id > ? and (? is null or group_name = ?) order by id limit ?",
      )
      .all(after, group ?? null, group ?? null, max) as unknown as DeadRow[];
    const letters = rows.map((row) => this.#letterOf(row));
    return firstWithin(letters, eventLimits.answerSizeMax, failedEventSize);
  }

  deadLetterCount(group: string, topic: string): number {
    const { count } = this.#database
      .prepare("select count(*) count from dead_letters where group_name = ? and topic = ?")
      .get(group, topic) as { count: number };
    return count;
  }

  /** Takes a letter out; undefined if there is none of that id. */
  takeDeadLetter(id: number): DeadLetter | undefined {
    const row = this.#database
      .prepare("delete from dead_letters where id = ? returning *")
      .get(id) as DeadRow | undefined;
    return row && this.#letterOf(row);
  }

  #add(name: string, topic: string, start: number): SavedGroup {
    const { count } = this.#database
      .prepare("select count(*) count from consumer_groups where topic = ?")
      .get(topic) as { count: number };
    if (count >= eventLimits.groupsMax) {
      const message = `group ${name}: topic ${topic} has ${count} groups, and that is the most`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const cursors = new Float64Array(laneCount).fill(start);
    const bytes = new Uint8Array(cursors.buffer);
    const { lastInsertRowid } = this.#database
      .prepare("insert into consumer_groups (name, topic, cursors, crc) values (?, ?, ?, ?)")
      .run(name, topic, bytes, groupChecksum(name, topic, bytes));
    return { id: Number(lastInsertRowid), cursors, parked: [] };
  }

  #row(id: number): { name: string; topic: string; cursors: Float64Array } {
    const { name, topic, cursors, crc } = this.#readCursors.get(id) as {
      name: string;
      topic: string;
      cursors: Uint8Array;
      crc: number;
    };
    this.#check(crc === groupChecksum(name, topic, cursors), `group ${name} of ${topic}`);
    return { name, topic, cursors: new Float64Array(new Uint8Array(cursors).buffer) };
  }

  #parkedOf(id: number): ParkedEvent[] {
    const rows = this.#database
      .prepare(
        "select offset, lane, due, history, event, crc from parked where group_id = ? order by offset",
      )
      .all(id) as unknown as ParkedRow[];
    return rows.map(({ history, event, crc, ...row }) => {
      const { offset, lane, due } = row;
      const expected = rowChecksum(id, offset, lane, due, history, event);
      this.#check(crc === expected, `event ${offset}, which is tried again,`);
      return { ...row, history: JSON.parse(history), event: JSON.parse(event) };
    });
  }

  #letterOf({
    id,
    group_name: group,
    topic,
    offset,
    at,
    event,
    history,
    crc,
  }: DeadRow): DeadLetter {
    const expected = rowChecksum(group, topic, offset, at, event, history);
    this.#check(crc === expected, `dead letter ${id}`);
    return { id, group, at, event: JSON.parse(event), history: JSON.parse(history) };
  }

  #check(isIntact: boolean, what: string): void {
    checkRow(isIntact, this.#database.location() ?? ":memory:", what);
  }
}

function groupChecksum(name: string, topic: string, cursors: Uint8Array): number {
  return crc32(cursors, rowChecksum(name, topic));
}

interface ParkedRow {
  readonly offset: number;
  readonly lane: number;
  readonly due: number;
  readonly history: string;
  readonly event: string;
  readonly crc: number;
}

interface DeadRow {
  readonly id: number;
  readonly group_name: string;
  readonly topic: string;
  readonly offset: number;
  readonly at: number;
  readonly event: string;
  readonly history: string;
  readonly crc: number;
}
