import type { HeaderList } from "../../http/index.ts";
import { now, wallTime } from "../../kit/index.ts";
import type { Counter } from "../../telemetry/index.ts";
import type { Answer } from "../answer.ts";
import { RepeatedAnswer } from "../repeated-answer.ts";
import type { CacheEntry } from "./core/entry.ts";
import type { EntryStore } from "./core/entry-store.ts";
import { isFresh } from "./core/freshness.ts";
import { repeatedBytesMax } from "./core/whole-hits.ts";

const labels = ["hit"];
const noFields = { headers: [] };

/** Hits for most requests: what is stored decides alone whether it is sent, and it is sent whole. */
export class PlainHits {
  readonly #memory: EntryStore;
  readonly #answers: Counter;

  constructor(memory: EntryStore, answers: Counter) {
    this.#memory = memory;
    this.#answers = answers;
  }

  /** For a request that says nothing of what is stored, beside what `Vary` names. */
  find(key: string, request: { readonly headers: HeaderList }): Answer | undefined {
    const entry = this.#memory.find(key, request);
    return entry && this.#hit(entry, now());
  }

  /** For a request that had an answer of this status by this key, if that is for everybody who asks for it. */
  findAgain(key: string, status: number, time: number): RepeatedAnswer | undefined {
    const entry = this.#memory.find(key, noFields);
    if (!entry || entry.status !== status || entry.selection.length > 0) return undefined;
    const hit = entry.body.length > repeatedBytesMax ? undefined : this.#hit(entry, time);
    return hit instanceof RepeatedAnswer ? hit : undefined;
  }

  #hit(entry: CacheEntry, time: number): Answer | undefined {
    if (!isFresh(entry.freshness, time)) return undefined;
    this.#answers.add(labels);
    return entry.hits.at(entry, time) ?? entry.hits.make(entry, { now: time, wallMs: wallTime() });
  }
}
