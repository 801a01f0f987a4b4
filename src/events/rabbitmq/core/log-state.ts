/**
 * What the log knows, in memory: how far topics and sources are, groups, letters. Every change is written to the journal before it is
 * answered; the same changes, from the same beginning, make the same state.
 */

import type { Source } from "../../core/sources.ts";
import type { EngineCall } from "../../engine/engine-storage.ts";
import { LogBook, type TopicState } from "../../engine/log-book.ts";
import type { GroupChange } from "../../storage/groups-file.ts";
import type { StorageCalls } from "../../storage/requests.ts";
import type { AppendBatch, StoredEvent } from "../../types.ts";
import { type GroupItem, GroupState } from "./group-state.ts";

/** A source that has said nothing for so long is forgotten, in ms. */
const sourceKeepMs = 30 * 24 * 3_600_000;

/** Where the first event of a topic got to, and when. The others of its batch follow. */
export type Place = readonly [offset: number, at: number];

/** What is written to the journal. */
export type Change =
  | {
      readonly name: "append";
      readonly input: AppendBatch;
      readonly at: number;
      readonly places: Readonly<Record<string, Place>>;
    }
  | {
      readonly name: "addGroup";
      readonly input: readonly [name: string, topic: string, start: number];
    }
  | { readonly name: "saveGroup"; readonly input: GroupChange; readonly at: number }
  | { readonly name: "revive"; readonly input: StorageCalls["revive"]["in"]; readonly at: number }
  | { readonly name: "drop"; readonly input: Drop };

/** What retention has dropped. */
export interface Drop {
  readonly topics: readonly {
    readonly name: string;
    readonly first: number;
    readonly bytes: number;
  }[];
  readonly sources: readonly string[];
}

/** What became of a call: its answer, and what has to be written for it, if anything. */
export interface Outcome {
  readonly answer: unknown;
  readonly change?: Change;
  /** What it has stored. */
  readonly events?: readonly StoredEvent[];
}

/** A part of the state, as it is written down. */
export type StateItem =
  | { readonly topic: TopicState & { readonly name: string } }
  | { readonly source: Source & { readonly name: string; readonly heardAt: number } }
  | { readonly lastLetter: number }
  | GroupItem;

export class LogState {
  readonly book = new LogBook();
  readonly groups = new GroupState();
  readonly #heardAt = new Map<string, number>();

  /** Does what is asked and says what to write. Throws for what is refused; then nothing has changed. */
  execute({ name, input, at: wallTime }: EngineCall): Outcome {
    const at = Math.floor(wallTime);
    switch (name) {
      case "append":
        return this.#append(input as AppendBatch, at);
      case "openGroup":
        return this.#openGroup(input as StorageCalls["openGroup"]["in"]);
      case "saveGroup": {
        this.groups.save(input as GroupChange, at);
        return { answer: undefined, change: { name, input: input as GroupChange, at } };
      }
      default: {
        const letter = input as StorageCalls["revive"]["in"];
        const answer = this.groups.revive(letter, at);
        return answer ? { answer, change: { name: "revive", input: letter, at } } : { answer };
      }
    }
  }

  /** Does what was written. Gives back the events that it stored. */
  redo(change: Change): readonly StoredEvent[] {
    switch (change.name) {
      case "append":
        return this.#take(change.input, change.at).events;
      case "addGroup":
        this.groups.add(...change.input);
        break;
      case "saveGroup":
        this.groups.save(change.input, change.at);
        break;
      case "revive":
        this.groups.revive(change.input, change.at);
        break;
      default:
        this.drop(change.input);
    }
    return [];
  }

  drop({ topics, sources }: Drop): void {
    for (const { name, first, bytes } of topics) this.book.drop(name, first, bytes);
    for (const name of sources) {
      this.book.sources.delete(name);
      this.#heardAt.delete(name);
    }
  }

  silentSources(now: number): string[] {
    const isSilent = ([, heardAt]: readonly [string, number]) => heardAt < now - sourceKeepMs;
    return [...this.#heardAt].filter(isSilent).map(([name]) => name);
  }

  *items(): Generator<StateItem> {
    for (const [name, topic] of this.book.topics) yield { topic: { name, ...topic } };
    for (const [name, source] of this.book.sources)
      yield { source: { name, ...source, heardAt: this.#heardAt.get(name) ?? 0 } };
    yield* this.groups.items();
    yield { lastLetter: this.groups.lastLetter };
  }

  restore(item: StateItem): void {
    if ("topic" in item) {
      const { name, ...topic } = item.topic;
      this.book.topics.set(name, topic);
    } else if ("source" in item) {
      const { name, heardAt, ...source } = item.source;
      this.book.sources.set(name, source);
      this.#heardAt.set(name, heardAt);
    } else if ("lastLetter" in item) this.groups.lastLetter = item.lastLetter;
    else this.groups.restore(item);
  }

  #append(batch: AppendBatch, at: number): Outcome {
    const { events, next, duplicates } = this.#take(batch, at);
    const answer = { next, duplicates };
    if (events.length === 0) return { answer };
    const places: Record<string, Place> = {};
    for (const { topic, offset, at: storedAt } of events) places[topic] ??= [offset, storedAt];
    const seq = batch.seq + duplicates;
    const input = { ...batch, seq, events: batch.events.slice(duplicates) };
    return { answer, change: { name: "append", input, at, places }, events };
  }

  #take(batch: AppendBatch, at: number) {
    this.#heardAt.set(batch.source, at);
    return this.book.take(batch, at);
  }

  #openGroup({ name, topic, start }: StorageCalls["openGroup"]["in"]): Outcome {
    const known = this.groups.get(name, topic);
    if (known) return { answer: known };
    const { first = 0, next = 0 } = this.book.topics.get(topic) ?? {};
    const input = [name, topic, start === "now" ? next : first] as const;
    return { answer: this.groups.add(...input), change: { name: "addGroup", input } };
  }
}

/** The events of an append as they are stored, from what was written of it. */
export function storedEvents({
  input: { source, epoch, seq, events },
  places,
}: Change & { readonly name: "append" }): StoredEvent[] {
  const counts = new Map<string, number>();
  return events.map((event, index) => {
    const [first, at] = places[event.topic] as Place;
    const count = counts.get(event.topic) ?? 0;
    counts.set(event.topic, count + 1);
    return { ...event, offset: first + count, at, id: `${source}:${epoch}:${seq + index}` };
  });
}
