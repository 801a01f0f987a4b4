import { laneCount } from "../core/lanes.ts";
import { revived } from "../core/revival.ts";
import { failedEventSize, firstWithin } from "../core/sizes.ts";
import type { SavedGroup } from "../storage/groups-file.ts";
import type { Overview, StorageCalls } from "../storage/requests.ts";
import { type DeadLetter, eventLimits } from "../types.ts";

/** Runs one statement on the log's connection. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<Record<string, any>[]>;

/** Consumer groups, events that are tried again, and dead letters in PostgreSQL. */
export class PostgresGroups {
  readonly #query: Query;

  constructor(query: Query) {
    this.#query = query;
  }

  async all(): Promise<Overview["groups"]> {
    const rows = await this.#query(
      "select g.id, g.name, g.topic, (select count(*) from dure_log_letters l where l.group_name = g.name and l.topic = g.topic) dead from dure_log_groups g order by g.name, g.topic",
    );
    return rows.map(({ id, name, topic, dead }) => ({ id, name, topic, dead: Number(dead) }));
  }

  /** The group, made if it is new: then it starts at `start`. */
  async open(name: string, topic: string, start: number): Promise<SavedGroup> {
    const begins = new Array<number>(laneCount).fill(start);
    await this.#query(
      "insert into dure_log_groups (name, topic, cursors) values ($1, $2, $3) on conflict do nothing",
      [name, topic, JSON.stringify(begins)],
    );
    const [row] = await this.#query(
      "select id, cursors from dure_log_groups where name = $1 and topic = $2",
      [name, topic],
    );
    const parked = await this.#query(
      'select * from dure_log_parked where group_id = $1 order by "offset"',
      [row?.id],
    );
    return {
      id: row?.id,
      cursors: Float64Array.from(JSON.parse(row?.cursors)),
      parked: parked.map(({ offset, lane, due, history, event }) => ({
        offset: Number(offset),
        lane,
        due: Number(due),
        history: JSON.parse(history),
        event: JSON.parse(event),
      })),
    };
  }

  async save(
    { id, moved, park, unpark, bury }: StorageCalls["saveGroup"]["in"],
    at: number,
  ): Promise<undefined> {
    const [row] = await this.#query(
      "select name, topic, cursors from dure_log_groups where id = $1 for update",
      [id],
    );
    if (moved.length > 0) {
      const cursors = JSON.parse(row?.cursors) as number[];
      for (const [lane, cursor] of moved) cursors[lane] = cursor;
      await this.#query("update dure_log_groups set cursors = $2 where id = $1", [
        id,
        JSON.stringify(cursors),
      ]);
    }
    if (unpark.length > 0)
      await this.#query(
        'delete from dure_log_parked where group_id = $1 and "offset" = any($2::bigint[])',
        [id, unpark.map(({ offset }) => offset)],
      );
    for (const { offset, lane, due, history, event } of park)
      await this.#query(
        'insert into dure_log_parked values ($1, $2, $3, $4, $5, $6) on conflict (group_id, "offset") do update set due = excluded.due, history = excluded.history, event = excluded.event',
        [id, offset, lane, due, JSON.stringify(history), JSON.stringify(event)],
      );
    for (const { event, history } of bury)
      await this.#query(
        'insert into dure_log_letters (group_name, topic, "offset", at, event, history) values ($1, $2, $3, $4, $5, $6) on conflict (group_name, topic, "offset") do nothing',
        [
          row?.name,
          row?.topic,
          event.offset,
          Math.floor(at),
          JSON.stringify(event),
          JSON.stringify(history),
        ],
      );
    return undefined;
  }

  async deadLetters({
    group,
    after,
    max,
  }: StorageCalls["deadLetters"]["in"]): Promise<DeadLetter[]> {
    const rows = await this.#query(
      "select * from dure_log_letters where id > $1 and ($2::text is null or group_name = $2) order by id limit $3",
      [after, group ?? null, max],
    );
    return firstWithin(rows.map(letterOf), eventLimits.answerSizeMax, failedEventSize);
  }

  async revive(
    { id, body, isDropped }: StorageCalls["revive"]["in"],
    at: number,
  ): Promise<StorageCalls["revive"]["out"]> {
    const [row] = await this.#query("delete from dure_log_letters where id = $1 returning *", [id]);
    if (!row) return undefined;
    const letter = letterOf(row);
    if (isDropped) return { letter };
    const parked = revived(letter, body, at);
    const group = await this.open(letter.group, letter.event.topic, parked.offset);
    await this.save({ id: group.id, moved: [], park: [parked], unpark: [], bury: [] }, at);
    return { letter, parked };
  }
}

function letterOf({ id, group_name: group, at, event, history }: Record<string, any>): DeadLetter {
  return {
    id: Number(id),
    group,
    at: Number(at),
    event: JSON.parse(event),
    history: JSON.parse(history),
  };
}
