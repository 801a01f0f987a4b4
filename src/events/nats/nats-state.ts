/**
 * What the log knows of groups and letters, made from the changes that are stored one after another, or from a snapshot and the changes
 * after it. Changes are taken in as they were stored, so that what is known is always what a reader of the stream would know.
 */
import { laneCount } from "../core/lanes.ts";
import type { GroupEntry, SavedGroup } from "../storage/groups-file.ts";
import type { Overview } from "../storage/requests.ts";
import type { ParkedEvent } from "../types.ts";

/** Where a dead letter is. */
export interface LetterEntry {
  readonly id: number;
  readonly group: string;
  readonly topic: string;
  readonly offset: number;
  /** Its first message, and how many it has. */
  readonly seq: number;
  readonly parts: number;
}

/** One change. */
export type Change =
  | { readonly do: "open"; readonly incarnation: number }
  | { readonly do: "group"; readonly group: GroupEntry; readonly start: number }
  | {
      readonly do: "save";
      readonly id: number;
      readonly moved: readonly (readonly [number, number])[];
      readonly park: readonly ParkedEvent[];
      readonly unpark: readonly number[];
      readonly bury: readonly LetterEntry[];
    }
  | { readonly do: "take out"; readonly letter: number };

/** All of it. */
export interface StateSnapshot {
  readonly incarnation: number;
  readonly lastLetter: number;
  readonly groups: readonly (GroupEntry & {
    readonly cursors: number[];
    readonly parked: readonly ParkedEvent[];
  })[];
  readonly letters: readonly LetterEntry[];
}

interface Group extends GroupEntry {
  readonly cursors: number[];
  readonly parked: Map<number, ParkedEvent>;
}

export class NatsState {
  incarnation = 0;
  /** The id of the newest letter there has been. */
  lastLetter = 0;
  /** By id, in their order. */
  readonly letters = new Map<number, LetterEntry>();
  readonly #letterPlaces = new Set<string>();
  readonly #groups = new Map<number, Group>();

  restore({ incarnation, lastLetter, groups, letters }: StateSnapshot): void {
    this.incarnation = incarnation;
    this.#groups.clear();
    for (const { parked, ...group } of groups) {
      const byOffset = new Map(parked.map((event) => [event.offset, event]));
      this.#groups.set(group.id, { ...group, parked: byOffset });
    }
    this.letters.clear();
    this.#letterPlaces.clear();
    for (const letter of letters) this.#addLetter(letter);
    this.lastLetter = lastLetter;
  }

  snapshot(): StateSnapshot {
    const { incarnation, lastLetter } = this;
    const groups = [...this.#groups.values()].map(({ parked, ...group }) => {
      return { ...group, parked: [...parked.values()] };
    });
    return { incarnation, lastLetter, groups, letters: [...this.letters.values()] };
  }

  apply(change: Change): void {
    switch (change.do) {
      case "open":
        this.incarnation = change.incarnation;
        return;
      case "group": {
        const cursors = new Array<number>(laneCount).fill(change.start);
        this.#groups.set(change.group.id, { ...change.group, cursors, parked: new Map() });
        return;
      }
      case "save": {
        const { cursors, parked } = this.#groups.get(change.id) as Group;
        for (const [lane, cursor] of change.moved) cursors[lane] = cursor;
        for (const offset of change.unpark) parked.delete(offset);
        for (const event of change.park) parked.set(event.offset, event);
        for (const letter of change.bury) this.#addLetter(letter);
        return;
      }
      case "take out": {
        const letter = this.letters.get(change.letter);
        if (letter) this.#letterPlaces.delete(placeOf(letter));
        this.letters.delete(change.letter);
      }
    }
  }

  find(name: string, topic: string): GroupEntry | undefined {
    return [...this.#groups.values()].find((group) => group.name === name && group.topic === topic);
  }

  group(id: number): GroupEntry {
    return this.#groups.get(id) as Group;
  }

  /** A group as its reader may change it. */
  saved(id: number): SavedGroup {
    const { cursors, parked } = this.#groups.get(id) as Group;
    const events = structuredClone([...parked.values()]).sort((a, b) => a.offset - b.offset);
    return { id, cursors: Float64Array.from(cursors), parked: events };
  }

  nextGroupId(): number {
    return Math.max(0, ...this.#groups.keys()) + 1;
  }

  groupCount(topic: string): number {
    return [...this.#groups.values()].filter((group) => group.topic === topic).length;
  }

  isLetter(place: Pick<LetterEntry, "group" | "topic" | "offset">): boolean {
    return this.#letterPlaces.has(placeOf(place));
  }

  overview(): Overview["groups"] {
    const dead = new Map<string, number>();
    for (const { group, topic } of this.letters.values()) {
      const place = `${group} ${topic}`;
      dead.set(place, (dead.get(place) ?? 0) + 1);
    }
    return [...this.#groups.values()]
      .map(({ id, name, topic }) => ({ id, name, topic, dead: dead.get(`${name} ${topic}`) ?? 0 }))
      .sort((a, b) => (`${a.name} ${a.topic}` < `${b.name} ${b.topic}` ? -1 : 1));
  }

  #addLetter(letter: LetterEntry): void {
    this.lastLetter = letter.id;
    this.letters.set(letter.id, letter);
    this.#letterPlaces.add(placeOf(letter));
  }
}

function placeOf({
  group,
  topic,
  offset,
}: Pick<LetterEntry, "group" | "topic" | "offset">): string {
  return `${group} ${topic} ${offset}`;
}
