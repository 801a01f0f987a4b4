/**
 * Where answers are: in memory, and, if gateways share them, in Redis behind it. What is found there comes into memory; what is stored or purged is
 * so in both.
 */
import type { HeaderList } from "../../http/index.ts";
import { now } from "../../kit/index.ts";
import type { CacheEntry } from "./core/entry.ts";
import { EntryStore } from "./core/entry-store.ts";
import { Purged } from "./purged.ts";
import type { Ticket } from "./redis-answers.ts";
import { SharedAnswers, type SharedAnswersOptions } from "./shared-answers.ts";

interface Fields {
  readonly headers: HeaderList;
}

/** What is asked for, and what is known of it. */
export interface StoredQuestion {
  readonly key: string;
  readonly request: Fields & { readonly staleIfErrorMs?: number | undefined };
  /** With it the answer may be stored for all gateways. */
  readonly ticket?: Ticket | undefined;
}

export class AnswerStore {
  readonly memory: EntryStore;
  readonly #shared: SharedAnswers | undefined;
  readonly #looks = new Map<string, Promise<Ticket | undefined>>();
  readonly #purged = new Purged();

  constructor(bytesMax: number, shared: SharedAnswersOptions | undefined) {
    this.memory = new EntryStore(bytesMax);
    const owner = {
      onPurged: (label: string) => this.#forget(label),
      onMissed: () => this.#forgetAll(),
    };
    this.#shared = shared && new SharedAnswers(shared, owner);
  }

  /** Whether what is not in memory can be looked for elsewhere. */
  get isShared(): boolean {
    return this.#shared?.isThere === true;
  }

  /** Looks where all gateways store, and takes what is there into memory. Of many who look for the same, one asks. */
  async look({ key, request }: StoredQuestion): Promise<Ticket | undefined> {
    const isAsked = this.#looks.has(key);
    const ticket = await this.#lookOnce(key, request);
    const isAnother = this.memory.has(key) && !this.memory.find(key, request);
    return isAsked && isAnother ? this.#lookFor(key, request) : ticket;
  }

  /** Stores what was asked for then, unless it was purged since. */
  put(entry: CacheEntry, startedAt: number, { request, ticket }: StoredQuestion): boolean {
    if (entry.labels.some((label) => this.isPurged(label, startedAt))) return false;
    this.memory.put(entry, request.headers);
    if (ticket) this.#shared?.keep(entry, ticket, request.staleIfErrorMs);
    return true;
  }

  /** `isTold`: other gateways do not learn of it otherwise. */
  purge(labels: readonly string[], isTold: boolean): void {
    for (const label of labels) this.#forget(label);
    void this.#shared?.purge(labels, isTold);
  }

  clear(): void {
    this.#forgetAll();
    void this.#shared?.purge(undefined, true);
  }

  /** Whether a label was purged at this time or later. */
  isPurged(label: string, since: number): boolean {
    return this.#purged.isPurged(label, since);
  }

  /** Up to where the events of a topic were heeded when answers that are still here were stored; undefined where nobody knows. */
  async placeIn(topic: string): Promise<number | undefined> {
    return this.#shared?.placeIn(topic);
  }

  keepPlace(topic: string, place: number): void {
    this.#shared?.keepPlace(topic, place);
  }

  async close(): Promise<void> {
    await this.#shared?.close();
  }

  #lookOnce(key: string, request: Fields): Promise<Ticket | undefined> {
    const asked = this.#looks.get(key);
    if (asked) return asked;
    const look = this.#lookFor(key, request).finally(() => this.#looks.delete(key));
    this.#looks.set(key, look);
    return look;
  }

  async #lookFor(key: string, request: Fields): Promise<Ticket | undefined> {
    const startedAt = now();
    const found = await this.#shared?.look(key, request.headers);
    const entry = found?.entry;
    const isPurged = entry?.labels.some((label) => this.isPurged(label, startedAt));
    if (entry && !isPurged && isYounger(entry, this.memory.find(key, request)))
      this.memory.put(entry, request.headers);
    return found?.ticket;
  }

  #forget(label: string): void {
    this.#purged.note(label);
    this.memory.purge(label);
  }

  #forgetAll(): void {
    this.#purged.noteAll();
    this.memory.clear();
  }
}

function isYounger({ freshness }: CacheEntry, than: CacheEntry | undefined): boolean {
  if (!than) return true;
  const bornAt = (entry: CacheEntry["freshness"]) => entry.receivedAt - entry.initialAgeMs;
  return bornAt(freshness) > bornAt(than.freshness);
}
