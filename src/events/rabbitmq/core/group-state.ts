import { DureError } from "../../../kit/index.ts";
import { laneCount } from "../../core/lanes.ts";
import { revived } from "../../core/revival.ts";
import { failedEventSize, firstWithin } from "../../core/sizes.ts";
import type { GroupChange, GroupEntry, SavedGroup } from "../../storage/groups-file.ts";
import type { Overview, StorageCalls } from "../../storage/requests.ts";
import { type DeadLetter, eventLimits, type ParkedEvent } from "../../types.ts";

/** Characters of parked events and letters of all groups: they are in memory. Beyond that groups cannot park or bury, and stop. */
const failedSizeMax = 192 * 1024 * 1024;

interface Group extends GroupEntry {
  readonly cursors: Float64Array;
  readonly parked: Map<number, ParkedEvent>;
}

/** A group, a parked event or a letter, as it is written down. */
export type GroupItem =
  | { readonly group: GroupEntry & { readonly cursors: readonly number[] } }
  | { readonly parked: ParkedEvent; readonly of: number }
  | { readonly letter: DeadLetter };

/** Consumer groups, events that are tried again, and dead letters, in memory. The same changes make the same state. */
export class GroupState {
  readonly #groups = new Map<number, Group>();
  readonly #letters = new Map<number, DeadLetter>();
  /** Group, topic and offset of each letter: a group buries an event once. */
  readonly #buried = new Set<string>();
  #failedSize = 0;
  #lastLetter = 0;

  get(name: string, topic: string): SavedGroup | undefined {
    const group = this.#find(name, topic);
    return group && saved(group);
  }

  /** Makes a group that starts at `start`. Throws RESOURCE_EXHAUSTED for one too many. */
  add(name: string, topic: string, start: number): SavedGroup {
    const count = [...this.#groups.values()].filter((group) => group.topic === topic).length;
    if (count >= eventLimits.groupsMax) {
      const message = `group ${name}: topic ${topic} has ${count} groups, and that is the most`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const cursors = new Float64Array(laneCount).fill(start);
    const group = { id: this.#groups.size + 1, name, topic, cursors, parked: new Map() };
    this.#groups.set(group.id, group);
    return saved(group);
  }

  /** Throws RESOURCE_EXHAUSTED where more would be parked and buried than memory is meant to hold. */
  save({ id, moved, park, unpark, bury }: GroupChange, at: number): void {
    const added = [...park, ...bury].reduce((sum, failed) => sum + failedEventSize(failed), 0);
    if (added > 0 && this.#failedSize + added > failedSizeMax) {
      const message = `parked events and dead letters have ${this.#failedSize} characters, and ${failedSizeMax} is the most; replay letters`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const group = this.#groups.get(id) as Group;
    for (const [lane, cursor] of moved) group.cursors[lane] = cursor;
    for (const { offset } of unpark) this.#unpark(group, offset);
    for (const parked of park) this.#park(group, parked);
    for (const { event, history } of bury) {
      const letter = { id: this.#lastLetter + 1, group: group.name, at, event, history };
      if (!this.#buried.has(letterKey(letter))) this.#bury(letter);
    }
  }

  deadLetters({ group, after, max }: StorageCalls["deadLetters"]["in"]): DeadLetter[] {
    const wanted = [...this.#letters.values()].filter(
      (letter) => letter.id > after && (group === undefined || letter.group === group),
    );
    return firstWithin(wanted.slice(0, max), eventLimits.answerSizeMax, failedEventSize);
  }

  /** Moves a letter back to its group, or drops it; undefined if there is none of that id. */
  revive(
    { id, body, isDropped }: StorageCalls["revive"]["in"],
    at: number,
  ): StorageCalls["revive"]["out"] {
    const letter = this.#letters.get(id);
    if (!letter) return undefined;
    this.#letters.delete(id);
    this.#buried.delete(letterKey(letter));
    this.#failedSize -= failedEventSize(letter);
    if (isDropped) return { letter };
    const parked = revived(letter, body, at);
    this.#park(this.#find(letter.group, letter.event.topic) as Group, parked);
    return { letter, parked };
  }

  overview(): Overview["groups"] {
    const dead = new Map<string, number>();
    for (const { group, event } of this.#letters.values()) {
      const key = groupKey(group, event.topic);
      dead.set(key, (dead.get(key) ?? 0) + 1);
    }
    return [...this.#groups.values()]
      .map(({ id, name, topic }) => ({
        id,
        name,
        topic,
        dead: dead.get(groupKey(name, topic)) ?? 0,
      }))
      .sort((one, other) =>
        groupKey(one.name, one.topic) < groupKey(other.name, other.topic) ? -1 : 1,
      );
  }

  /** Everything, in the order in which {@link restore} takes it. */
  *items(): Generator<GroupItem> {
    for (const { id, name, topic, cursors, parked } of this.#groups.values()) {
      yield { group: { id, name, topic, cursors: [...cursors] } };
      for (const each of parked.values()) yield { parked: each, of: id };
    }
    for (const letter of this.#letters.values()) yield { letter };
  }

  /** Of the newest letter there ever was: numbers of letters are not used again. */
  get lastLetter(): number {
    return this.#lastLetter;
  }

  set lastLetter(id: number) {
    this.#lastLetter = id;
  }

  restore(item: GroupItem): void {
    if ("letter" in item) return this.#bury(item.letter);
    if ("parked" in item) return this.#park(this.#groups.get(item.of) as Group, item.parked);
    const { id, name, topic, cursors } = item.group;
    const group = { id, name, topic, cursors: Float64Array.from(cursors), parked: new Map() };
    this.#groups.set(id, group);
  }

  #find(name: string, topic: string): Group | undefined {
    for (const group of this.#groups.values())
      if (group.name === name && group.topic === topic) return group;
    return undefined;
  }

  #park(group: Group, parked: ParkedEvent): void {
    this.#unpark(group, parked.offset);
    group.parked.set(parked.offset, parked);
    this.#failedSize += failedEventSize(parked);
  }

  #unpark(group: Group, offset: number): void {
    const parked = group.parked.get(offset);
    if (!parked) return;
    group.parked.delete(offset);
    this.#failedSize -= failedEventSize(parked);
  }

  #bury(letter: DeadLetter): void {
    this.#letters.set(letter.id, letter);
    this.#buried.add(letterKey(letter));
    this.#failedSize += failedEventSize(letter);
    this.#lastLetter = Math.max(this.#lastLetter, letter.id);
  }
}

function saved({ id, cursors, parked }: Group): SavedGroup {
  const byOffset = [...parked.values()].sort((one, other) => one.offset - other.offset);
  return { id, cursors: Float64Array.from(cursors), parked: byOffset };
}

function groupKey(name: string, topic: string): string {
  return `${name} ${topic}`;
}

function letterKey({ group, event }: DeadLetter): string {
  return `${groupKey(group, event.topic)} ${event.offset}`;
}
