/** What the storage does in Redis. The holder of the lock is the only writer, so it knows the state of topics and sources by heart. */
import type { EngineCall } from "../engine/engine-storage.ts";
import { type LogBook, storedSize, type Taken, type TopicState } from "../engine/log-book.ts";
import type { Appended } from "../storage/log-file.ts";
import type { StorageCalls } from "../storage/requests.ts";
import type { AppendBatch } from "../types.ts";
import type { FencedWrites } from "./fenced-writes.ts";
import { entriesOf, type Send } from "./redis-client.ts";
import { RedisGroups } from "./redis-groups.ts";
import { keys } from "./redis-keys.ts";
import { addEvent, findCut, readEvents } from "./redis-topic.ts";

/** A source that has said nothing for so long is forgotten, in ms: what it sends again then would be stored twice. */
const sourceKeepMs = 30 * 24 * 3_600_000;

/** What a log in Redis works with. */
export interface RedisLogOptions {
  readonly send: Send;
  readonly writes: FencedWrites;
  /** The same for all sessions. */
  readonly book: LogBook;
  readonly incarnation: number;
}

export class RedisLog {
  readonly #send: Send;
  readonly #writes: FencedWrites;
  readonly #book: LogBook;
  readonly #incarnation: number;
  readonly #groups: RedisGroups;
  /** By topic: bytes there have ever been. */
  readonly #ends = new Map<string, number>();
  /** By source: when it was last heard. */
  readonly #heardAt = new Map<string, number>();
  /** What has changed since the writes were sent. */
  readonly #touched = { topics: new Set<string>(), sources: new Set<string>() };
  #taken: Taken["next"][] = [];

  constructor({ send, writes, book, incarnation }: RedisLogOptions) {
    this.#send = send;
    this.#writes = writes;
    this.#book = book;
    this.#incarnation = incarnation;
    this.#groups = new RedisGroups(send, writes);
  }

  /** Reads what is known from the server, also after a write that failed. */
  async load(): Promise<void> {
    this.#forget();
    for (const [name, saved] of entriesOf(await this.#send("HGETALL", keys.topics))) {
      const { end, ...topic } = JSON.parse(saved) as TopicState & { end: number };
      this.#book.topics.set(name, topic);
      this.#ends.set(name, end);
    }
    this.#book.passOverLost();
    for (const [name, saved] of entriesOf(await this.#send("HGETALL", keys.sources))) {
      const [epoch, seq, at] = JSON.parse(saved) as [number, number, number];
      this.#book.sources.set(name, { epoch, seq });
      this.#heardAt.set(name, at);
    }
    await this.#groups.load();
  }

  async write(calls: readonly EngineCall[]): Promise<unknown[]> {
    try {
      const values: unknown[] = [];
      for (const call of calls) {
        if (readsFirst(call) || this.#writes.isLarge) await this.#flush();
        values.push(await this.#change(call));
      }
      await this.#flush();
      return values;
    } catch (thrown) {
      await this.load().catch(() => undefined);
      throw thrown;
    }
  }

  async read({ name, input }: EngineCall): Promise<unknown> {
    if (name === "read") {
      const { topic } = input as StorageCalls["read"]["in"];
      if (!this.#book.topics.has(topic)) return [];
      return readEvents(this.#send, input as StorageCalls["read"]["in"]);
    }
    if (name === "deadLetters")
      return this.#groups.letters.after(input as StorageCalls["deadLetters"]["in"]);
    return {
      incarnation: this.#incarnation,
      path: "Redis",
      topics: this.#book.overview(),
      groups: await this.#groups.all(),
    } satisfies StorageCalls["overview"]["out"];
  }

  #change({ name, input, at }: EngineCall): Promise<unknown> | unknown {
    switch (name) {
      case "append":
        return this.#append(input as AppendBatch, at);
      case "openGroup":
        return this.#openGroup(input as StorageCalls["openGroup"]["in"]);
      case "saveGroup":
        return this.#groups.save(input as StorageCalls["saveGroup"]["in"], at);
      case "revive":
        return this.#groups.revive(input as StorageCalls["revive"]["in"], at);
      default:
        return this.#retain(input as StorageCalls["retain"]["in"]);
    }
  }

  #append(batch: AppendBatch, wallTime: number): Appended {
    const { events, next, at, duplicates } = this.#book.take(batch, wallTime);
    for (const event of events) {
      const place = this.#ends.get(event.topic) ?? 0;
      addEvent(this.#writes, event, place);
      this.#ends.set(event.topic, place + storedSize(event));
      this.#touched.topics.add(event.topic);
    }
    this.#heardAt.set(batch.source, Math.floor(wallTime));
    this.#touched.sources.add(batch.source);
    this.#taken.push(next);
    return { next, at, duplicates };
  }

  #openGroup({ name, topic, start }: StorageCalls["openGroup"]["in"]) {
    const { first = 0, next = 0 } = this.#book.topics.get(topic) ?? {};
    return this.#groups.open(name, topic, start === "now" ? next : first);
  }

  /** Drops what is too old or too much, and sources that have fallen silent. */
  async #retain(retention: StorageCalls["retain"]["in"]): Promise<number> {
    const cuts = [...this.#book.topics].map(async ([name, topic]) => {
      const end = this.#ends.get(name) as number;
      const { first, place = end } = await findCut(this.#send, { ...topic, name, end }, retention);
      if (first <= topic.first) return 0;
      const dropped = first - topic.first;
      this.#book.drop(name, first, topic.bytes - (end - place));
      this.#touched.topics.add(name);
      this.#writes.add("XTRIM", keys.events(name), "MINID", `${first + 1}-0`);
      return dropped;
    });
    const dropped = await Promise.all(cuts);
    for (const [name, heardAt] of this.#heardAt) {
      if (heardAt >= retention.now - sourceKeepMs) continue;
      this.#heardAt.delete(name);
      this.#book.sources.delete(name);
      this.#writes.add("HDEL", keys.sources, name);
    }
    return dropped.reduce((sum, count) => sum + count, 0);
  }

  /** What many appends change in the same topics and sources is written once. */
  async #flush(): Promise<void> {
    for (const name of this.#touched.topics) {
      const topic = { ...this.#book.topics.get(name), end: this.#ends.get(name) };
      this.#writes.add("HSET", keys.topics, name, JSON.stringify(topic));
    }
    for (const name of this.#touched.sources) {
      const source = this.#book.sources.get(name);
      const saved = JSON.stringify([source?.epoch, source?.seq, this.#heardAt.get(name)]);
      this.#writes.add("HSET", keys.sources, name, saved);
    }
    const taken = this.#taken;
    this.#settle();
    await this.#writes.send();
    for (const next of taken) this.#book.acknowledge(next);
  }

  #settle(): void {
    this.#touched.topics.clear();
    this.#touched.sources.clear();
    this.#taken = [];
  }

  #forget(): void {
    this.#settle();
    this.#writes.clear();
    this.#book.clear();
    this.#ends.clear();
    this.#heardAt.clear();
  }
}

/** Whether a change reads from the server what those before it may have changed. */
function readsFirst({ name, input }: EngineCall): boolean {
  if (name === "append") return false;
  return name !== "saveGroup" || (input as StorageCalls["saveGroup"]["in"]).bury.length > 0;
}
