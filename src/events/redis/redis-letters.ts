import { failedEventSize, firstWithin } from "../core/sizes.ts";
import type { GroupChange } from "../storage/groups-file.ts";
import type { StorageCalls } from "../storage/requests.ts";
import { type DeadLetter, eventLimits } from "../types.ts";
import type { FencedWrites } from "./fenced-writes.ts";
import { entriesOf, type Send } from "./redis-client.ts";
import { keys } from "./redis-keys.ts";

type Bury = GroupChange["bury"];

/** Dead letters in Redis. */
export class RedisLetters {
  readonly #send: Send;
  readonly #writes: FencedWrites;
  #lastId = 0;

  constructor(send: Send, writes: FencedWrites) {
    this.#send = send;
    this.#writes = writes;
  }

  async load(): Promise<void> {
    this.#lastId = Number(await this.#send("GET", keys.letterId));
  }

  /** How many there are, by `[group, topic]`. */
  async counts(): Promise<Map<string, number>> {
    const counts = entriesOf(await this.#send("HGETALL", keys.letterCounts));
    return new Map(counts.map(([place, count]) => [place, Number(count)]));
  }

  /** Those of a group that are not letters already. What was added to the writes before must have been sent. */
  async bury(group: string, bury: Bury, at: number): Promise<void> {
    const places = bury.map(({ event }) => JSON.stringify([group, event.topic, event.offset]));
    const known: unknown[] = await this.#send("HMGET", keys.letterPlaces, ...places);
    for (const [index, { event, history }] of bury.entries()) {
      if (known[index]) continue;
      this.#lastId += 1;
      const id = this.#lastId;
      const letter: DeadLetter = { id, group, at: Math.floor(at), event, history };
      this.#writes.add("HSET", keys.letters, id, JSON.stringify(letter));
      this.#writes.add("SET", keys.letterId, id);
      this.#writes.add("ZADD", keys.letterIds, id, id);
      this.#writes.add("ZADD", keys.letterIdsOf(group), id, id);
      this.#writes.add("HSET", keys.letterPlaces, places[index] as string, id);
      this.#writes.add("HINCRBY", keys.letterCounts, JSON.stringify([group, event.topic]), 1);
    }
  }

  async after({ group, after, max }: StorageCalls["deadLetters"]["in"]): Promise<DeadLetter[]> {
    const ids: string[] = await this.#send(
      "ZRANGEBYSCORE",
      group === undefined ? keys.letterIds : keys.letterIdsOf(group),
      ...[`(${after}`, "+inf", "LIMIT", "0", String(max)],
    );
    if (ids.length === 0) return [];
    const letters: string[] = await this.#send("HMGET", keys.letters, ...ids);
    const found: DeadLetter[] = letters.map((letter) => JSON.parse(letter));
    return firstWithin(found, eventLimits.answerSizeMax, failedEventSize);
  }

  /** Takes a letter out; undefined if there is none of that id. */
  async takeOut(id: number): Promise<DeadLetter | undefined> {
    const found = await this.#send("HGET", keys.letters, String(id));
    if (!found) return undefined;
    const letter = JSON.parse(found) as DeadLetter;
    const { group, event } = letter;
    this.#writes.add("HDEL", keys.letters, id);
    this.#writes.add("ZREM", keys.letterIds, id);
    this.#writes.add("ZREM", keys.letterIdsOf(group), id);
    const place = JSON.stringify([group, event.topic, event.offset]);
    this.#writes.add("HDEL", keys.letterPlaces, place);
    this.#writes.add("HINCRBY", keys.letterCounts, JSON.stringify([group, event.topic]), -1);
    return letter;
  }
}
