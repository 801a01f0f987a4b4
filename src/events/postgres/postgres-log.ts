/** What the storage does in PostgreSQL, within a transaction of its caller. */
import { firstWithin } from "../core/sizes.ts";
import { type LogBook, storedSize, type Taken, type TopicState } from "../engine/log-book.ts";
import type { Appended } from "../storage/log-file.ts";
import type { StorageCallName, StorageCalls } from "../storage/requests.ts";
import type { AppendBatch, StoredEvent } from "../types.ts";
import { PostgresGroups, type Query } from "./postgres-groups.ts";

/** Events dropped at a time, while a topic is too large. */
const dropStep = 10_000;

export class PostgresLog {
  readonly #query: Query;
  readonly #groups: PostgresGroups;
  readonly #book: LogBook;
  /** Of the transaction that runs. */
  #taken: Taken["next"][] = [];
  readonly #topicIds = new Map<string, number>();
  incarnation = 0;

  /** @param book the same for all connections. */
  constructor(query: Query, book: LogBook) {
    this.#query = query;
    this.#book = book;
    this.#groups = new PostgresGroups(query);
  }

  /** Reads what is known from the tables, also after a transaction that was rolled back. */
  async load(): Promise<void> {
    this.#book.clear();
    this.#taken = [];
    this.#topicIds.clear();
    for (const { name, id, first, next, last_at, bytes } of await this.#query(
      "select * from dure_log_topics",
    )) {
      this.#topicIds.set(name, id);
      this.#book.topics.set(name, {
        first: Number(first),
        next: Number(next),
        lastAt: Number(last_at),
        bytes: Number(bytes),
      });
    }
    this.#book.passOverLost();
    for (const { name, epoch, seq } of await this.#query("select * from dure_log_sources"))
      this.#book.sources.set(name, { epoch: Number(epoch), seq: Number(seq) });
  }

  onCommitted(): void {
    for (const next of this.#taken) this.#book.acknowledge(next);
    this.#taken = [];
  }

  async countOpening(): Promise<void> {
    const [row] = await this.#query(
      "insert into dure_log_meta values ('incarnation', 1) on conflict (name) do update set value = dure_log_meta.value + 1 returning value",
    );
    this.incarnation = Number(row?.value);
  }

  async call(name: StorageCallName, input: unknown, at: number): Promise<unknown> {
    switch (name) {
      case "append":
        return this.#append(input as AppendBatch, at);
      case "read":
        return this.#read(input as StorageCalls["read"]["in"]);
      case "openGroup":
        return this.#openGroup(input as StorageCalls["openGroup"]["in"]);
      case "saveGroup":
        return this.#groups.save(input as StorageCalls["saveGroup"]["in"], at);
      case "deadLetters":
        return this.#groups.deadLetters(input as StorageCalls["deadLetters"]["in"]);
      case "revive":
        return this.#groups.revive(input as StorageCalls["revive"]["in"], at);
      case "retain":
        return this.#retain(input as StorageCalls["retain"]["in"]);
      default:
        return this.#overview();
    }
  }

  async #append(batch: AppendBatch, wallTime: number): Promise<Appended> {
    const { events, next, at, duplicates, source } = this.#book.take(batch, wallTime);
    const topicIds: number[] = [];
    for (const { topic } of events)
      topicIds.push(this.#topicIds.get(topic) ?? (await this.#addTopic(topic)));
    if (events.length > 0) {
      await this.#query(
        "insert into dure_log_events select * from unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])",
        [
          topicIds,
          events.map(({ offset }) => offset),
          events.map(({ at }) => at),
          events.map(({ key }) => key),
          events.map(({ id }) => id),
          events.map(({ head }) => head),
          events.map(({ body }) => body),
        ],
      );
    }
    for (const name of Object.keys(next)) {
      const { next: offset, lastAt, bytes } = this.#book.topics.get(name) as TopicState;
      await this.#query(
        "update dure_log_topics set next = $2, last_at = $3, bytes = $4 where id = $1",
        [this.#topicIds.get(name), offset, lastAt, bytes],
      );
    }
    await this.#query(
      "insert into dure_log_sources values ($1, $2, $3, $4) on conflict (name) do update set epoch = excluded.epoch, seq = excluded.seq, at = excluded.at",
      [batch.source, source.epoch, source.seq, Math.floor(wallTime)],
    );
    this.#taken.push(next);
    return { next, at, duplicates };
  }

  async #read({ topic, from, bounds }: StorageCalls["read"]["in"]): Promise<StoredEvent[]> {
    const topicId = this.#topicIds.get(topic);
    if (topicId === undefined) return [];
    const rows = await this.#query(
      'select "offset", at, key, id, head, body from dure_log_events where topic = $1 and "offset" >= $2 order by "offset" limit $3',
      [topicId, from, bounds.eventsMax],
    );
    const events = rows.map(({ offset, at, key, id, head, body }) => ({
      topic,
      offset: Number(offset),
      at: Number(at),
      key,
      id,
      head,
      body,
    }));
    return firstWithin(events, bounds.bytesMax, storedSize);
  }

  #openGroup({ name, topic, start }: StorageCalls["openGroup"]["in"]) {
    const { first = 0, next = 0 } = this.#book.topics.get(topic) ?? {};
    return this.#groups.open(name, topic, start === "now" ? next : first);
  }

  async #retain({ keepMs, keepBytes, now }: StorageCalls["retain"]["in"]): Promise<number> {
    let dropped = 0;
    for (const [name, topic] of this.#book.topics) {
      const [young] = await this.#query(
        'select min("offset") first from dure_log_events where topic = $1 and at >= $2',
        [this.#topicIds.get(name), Math.floor(now - keepMs)],
      );
      dropped += await this.#dropBefore(name, Number(young?.first ?? topic.next));
      while (topic.bytes > keepBytes && topic.first < topic.next)
        dropped += await this.#dropBefore(name, Math.min(topic.next, topic.first + dropStep));
    }
    return dropped;
  }

  async #dropBefore(name: string, first: number): Promise<number> {
    const topic = this.#book.topics.get(name) as TopicState;
    if (first <= topic.first) return 0;
    const topicId = this.#topicIds.get(name);
    const [row] = await this.#query(
      'with gone as (delete from dure_log_events where topic = $1 and "offset" < $2 returning length(key) + length(head) + length(body) + 64 size) select count(*) count, sum(size) bytes from gone',
      [topicId, first],
    );
    this.#book.drop(name, first, Number(row?.bytes ?? 0));
    await this.#query("update dure_log_topics set first = $2, bytes = $3 where id = $1", [
      topicId,
      first,
      topic.bytes,
    ]);
    return Number(row?.count);
  }

  async #overview(): Promise<StorageCalls["overview"]["out"]> {
    const groups = await this.#groups.all();
    const topics = this.#book.overview();
    return {
      incarnation: this.incarnation,
      path: "PostgreSQL",
      topics,
      groups,
    };
  }

  async #addTopic(name: string): Promise<number> {
    const [row] = await this.#query(
      "insert into dure_log_topics (name, first, next, last_at, bytes) values ($1, 0, 0, 0, 0) returning id",
      [name],
    );
    const id = Number(row?.id);
    this.#topicIds.set(name, id);
    return id;
  }
}
