import { DureError } from "../../kit/index.ts";
import { laneCount } from "../core/lanes.ts";
import { revived } from "../core/revival.ts";
import type { GroupEntry, SavedGroup } from "../storage/groups-file.ts";
import type { Overview, StorageCalls } from "../storage/requests.ts";
import { eventLimits, type ParkedEvent } from "../types.ts";
import type { FencedWrites } from "./fenced-writes.ts";
import { entriesOf, type Send } from "./redis-client.ts";
import { keys } from "./redis-keys.ts";
import { RedisLetters } from "./redis-letters.ts";

/** Consumer groups and events that are tried again in Redis. Whoever calls what reads has sent the writes that were added before. */
export class RedisGroups {
  readonly letters: RedisLetters;
  readonly #send: Send;
  readonly #writes: FencedWrites;
  /** By id. */
  readonly #groups = new Map<number, GroupEntry>();

  constructor(send: Send, writes: FencedWrites) {
    this.#send = send;
    this.#writes = writes;
    this.letters = new RedisLetters(send, writes);
  }

  async load(): Promise<void> {
    this.#groups.clear();
    for (const [field, saved] of entriesOf(await this.#send("HGETALL", keys.groups))) {
      const [name, topic] = JSON.parse(saved) as [string, string];
      this.#groups.set(Number(field), { id: Number(field), name, topic });
    }
    await this.letters.load();
  }

  async all(): Promise<Overview["groups"]> {
    const counts = await this.letters.counts();
    const groups = [...this.#groups.values()].map(({ id, name, topic }) => {
      return { id, name, topic, dead: counts.get(JSON.stringify([name, topic])) ?? 0 };
    });
    return groups.sort((a, b) => (`${a.name} ${a.topic}` < `${b.name} ${b.topic}` ? -1 : 1));
  }

  /** The group, made if it is new: then it starts at `start`. */
  async open(name: string, topic: string, start: number): Promise<SavedGroup> {
    const found = this.#find(name, topic);
    if (found) return this.#saved(found.id);
    const count = [...this.#groups.values()].filter((group) => group.topic === topic).length;
    if (count >= eventLimits.groupsMax) {
      const message = `group ${name}: topic ${topic} has ${count} groups, and that is the most`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const id = Math.max(0, ...this.#groups.keys()) + 1;
    this.#groups.set(id, { id, name, topic });
    this.#writes.add("HSET", keys.groups, id, JSON.stringify([name, topic]));
    const cursors = new Float64Array(laneCount).fill(start);
    const fields = [...cursors].flatMap((cursor, lane) => [lane, cursor]);
    this.#writes.add("HSET", keys.cursors(id), ...fields);
    return { id, cursors, parked: [] };
  }

  async save(
    { id, moved, park, unpark, bury }: StorageCalls["saveGroup"]["in"],
    at: number,
  ): Promise<undefined> {
    const { name } = this.#groups.get(id) as GroupEntry;
    if (bury.length > 0) await this.letters.bury(name, bury, at);
    for (const [lane, cursor] of moved) this.#writes.add("HSET", keys.cursors(id), lane, cursor);
    for (const { offset } of unpark) this.#writes.add("HDEL", keys.parked(id), offset);
    for (const { offset, ...parked } of park)
      this.#writes.add("HSET", keys.parked(id), offset, JSON.stringify(parked));
    return undefined;
  }

  async revive(
    { id, body, isDropped }: StorageCalls["revive"]["in"],
    at: number,
  ): Promise<StorageCalls["revive"]["out"]> {
    const letter = await this.letters.takeOut(id);
    if (!letter) return undefined;
    if (isDropped) return { letter };
    const parked = revived(letter, body, at);
    const group =
      this.#find(letter.group, letter.event.topic) ??
      (await this.open(letter.group, letter.event.topic, parked.offset));
    await this.save({ id: group.id, moved: [], park: [parked], unpark: [], bury: [] }, at);
    return { letter, parked };
  }

  #find(name: string, topic: string): GroupEntry | undefined {
    return [...this.#groups.values()].find((group) => group.name === name && group.topic === topic);
  }

  async #saved(id: number): Promise<SavedGroup> {
    const cursors = new Float64Array(laneCount);
    for (const [lane, cursor] of entriesOf(await this.#send("HGETALL", keys.cursors(id))))
      cursors[Number(lane)] = Number(cursor);
    const parked = entriesOf(await this.#send("HGETALL", keys.parked(id))).map(
      ([offset, saved]) => {
        return { offset: Number(offset), ...JSON.parse(saved) } as ParkedEvent;
      },
    );
    return { id, cursors, parked: parked.sort((a, b) => a.offset - b.offset) };
  }
}
