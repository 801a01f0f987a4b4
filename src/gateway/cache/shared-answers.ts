/**
 * The second level of the cache: answers that the gateways of a mesh share through Redis. The first one, in memory, answers while this one
 * is away.
 *
 * ```
 *   away --- owed purges are done, the list of purges is followed, memory is emptied ---> there
 *     ^------ a command fails or is late; the list cannot be followed, or has a gap ----------'
 * ```
 * Owns: two connections, one for commands and one that waits for purges; what is owed.
 * Invariants: (S1) nothing here fails a request, or holds it up for longer than `answerMsMax`, and nobody waits while it is away; (S2) what
 * this gateway purges while it is away is purged there before it is asked again; (S3) once it is there, purges of other gateways reach this
 * one's memory, and what may have been missed is forgotten.
 */
import { randomUUID } from "node:crypto";
import type { HeaderList } from "../../http/index.ts";
import { asError, DureError, sleep } from "../../kit/index.ts";
import type { Counter, Logger, Metrics } from "../../telemetry/index.ts";
import { type GatewayRedis, RedisConnection } from "../redis/index.ts";
import { sharedMetrics } from "./cache-metrics.ts";
import type { CacheEntry } from "./core/entry.ts";
import { type Found, type NewestPurge, RedisAnswers, type Ticket } from "./redis-answers.ts";

/** What it works with. */
export interface SharedAnswersOptions {
  /** Opens a connection. */
  readonly redis: () => GatewayRedis;
  readonly mesh: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What it tells the first level. */
export interface SharedAnswersOwner {
  /** Another gateway purged. */
  onPurged(label: string): void;
  /** Purges may have been missed, or everything was purged. */
  onMissed(): void;
}

/** The longest that a request waits for Redis, in ms: as for limits that are counted there. */
const answerMsMax = 250;
const bounds = { answerMsMax, pendingMax: 1_000, lengthMax: 32 * 2 ** 20 };
/** After a failure the next attempt comes so much later, in ms. */
const againMs = 1_000;
/** So long one question for purges waits on the server, in ms. */
const followMs = 1_000;
/** Purges that are owed; with more, everything is. */
const owedMax = 10_000;
const owedAtOnce = 200;

/** Before it is told that Redis cannot be reached, a gateway that starts tries so often, and so soon again, in ms. */
const startTriesMax = 20;
const startAgainMs = 50;

export class SharedAnswers {
  readonly #options: SharedAnswersOptions;
  readonly #owner: SharedAnswersOwner;
  readonly #count: Counter;
  readonly #stop = new AbortController();
  /** Whether it is known how the start went. */
  readonly #started = Promise.withResolvers<void>();
  /** By which this gateway knows its own purges. */
  readonly #sender = randomUUID();
  #commands: RedisConnection;
  #following: RedisConnection;
  #answers: RedisAnswers;
  /** Undefined: everything is owed. */
  #owed: Set<string> | undefined = new Set();
  #isThere = false;
  #isToldAway = false;
  #startTries = 0;
  #break: (reason: Error) => void = () => {};

  constructor(options: SharedAnswersOptions, owner: SharedAnswersOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#count = sharedMetrics(options.metrics, () => this.#isThere);
    [this.#commands, this.#following, this.#answers] = this.#open();
    void this.#run();
  }

  /** Whether it can be asked now. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** What is stored for a request; undefined where it cannot be asked now. */
  async look(key: string, request: HeaderList): Promise<Found | undefined> {
    const found = await this.#try(() => this.#answers.look(key, request));
    if (found) this.#count.add([found.entry ? "hit" : "miss"]);
    return found;
  }

  /** Stores an answer, if it can. `agreedMs`: for how long it may stand in for an error, whatever it says. */
  keep(entry: CacheEntry, ticket: Ticket, agreedMs: number | undefined): void {
    void this.#try(async () => {
      if (await this.#answers.keep(entry, ticket, agreedMs)) this.#count.add(["stored"]);
    });
  }

  /** Takes labels out, or everything, now or once it is there. `isTold`: the other gateways do not learn of it otherwise. */
  async purge(labels: readonly string[] | undefined, isTold: boolean): Promise<void> {
    if (!this.#isThere) return this.#owe(labels);
    try {
      await this.#answers.purge(labels, isTold ? this.#sender : undefined);
      this.#count.add(["purged"]);
    } catch (thrown) {
      this.#owe(labels);
      this.#goAway(asError(thrown));
    }
  }

  /** Up to where a topic's events were heeded; undefined where that is not known. */
  async placeIn(topic: string): Promise<number | undefined> {
    await this.#started.promise;
    return this.#try(() => this.#answers.placeIn(topic));
  }

  /** A topic's events were heeded up to there. */
  keepPlace(topic: string, place: number): void {
    void this.#try(() => this.#answers.keepPlace(topic, place));
  }

  /** What is on its way to be stored or purged gets there. */
  async close(): Promise<void> {
    this.#isThere = false;
    this.#stop.abort();
    this.#started.resolve();
    this.#break(new DureError("CANCELLED", "the gateway closes"));
    this.#following.destroy();
    await this.#commands.close();
  }

  #open(): [RedisConnection, RedisConnection, RedisAnswers] {
    const { redis, mesh } = this.#options;
    const commands = new RedisConnection(redis(), bounds);
    const following = new RedisConnection(redis(), bounds);
    return [commands, following, new RedisAnswers(commands, mesh)];
  }

  /** A connection that is silent may be one to a machine that is gone, which nobody else would find out for minutes. */
  #reopen(): void {
    this.#commands.destroy();
    this.#following.destroy();
    [this.#commands, this.#following, this.#answers] = this.#open();
  }

  /** Too much to do is no failure of the server: then it goes without. */
  async #try<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    if (!this.#isThere) return undefined;
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof DureError && thrown.code === "RESOURCE_EXHAUSTED")
        this.#count.add(["refused"]);
      else this.#goAway(asError(thrown));
      return undefined;
    }
  }

  #owe(labels: readonly string[] | undefined): void {
    if (!labels) this.#owed = undefined;
    for (const label of labels ?? []) this.#owed?.add(label);
    if (this.#owed && this.#owed.size > owedMax) this.#owed = undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { promise: broken, reject } = Promise.withResolvers<never>();
      broken.catch(() => {});
      this.#break = reject;
      try {
        await this.#follow(await this.#comeBack(), broken);
      } catch (thrown) {
        const isSilent = thrown instanceof DureError && thrown.code === "DEADLINE_EXCEEDED";
        if (!signal.aborted) this.#goAway(asError(thrown));
        if (!signal.aborted && isSilent) this.#reopen();
      }
      const pauseMs = this.#isStarting() ? startAgainMs : againMs;
      await sleep(pauseMs, signal).catch(() => {});
    }
  }

  /** (S2), (S3) */
  async #comeBack(): Promise<NewestPurge> {
    await this.#following.send(["PING"]);
    const from = await this.#answers.newestPurge();
    // Also with nothing owed: from then on the server knows the script, and a purge goes before whatever is asked after it.
    do await this.#payOwed();
    while (this.#owed?.size !== 0);
    this.#owner.onMissed();
    this.#isThere = true;
    this.#started.resolve();
    if (this.#isToldAway) this.#options.logger.info("the cache is shared through Redis again");
    this.#isToldAway = false;
    this.#startTries = startTriesMax;
    return from;
  }

  async #payOwed(): Promise<void> {
    const owed = this.#owed && [...this.#owed].slice(0, owedAtOnce);
    if (owed) for (const label of owed) this.#owed?.delete(label);
    else this.#owed = new Set();
    try {
      await this.#answers.purge(owed, this.#sender);
    } catch (thrown) {
      this.#owe(owed);
      throw thrown;
    }
  }

  async #follow(from: NewestPurge, broken: Promise<never>): Promise<never> {
    let { place, number } = from;
    for (;;) {
      const asked = this.#answers.purgesFrom(this.#following, place, followMs);
      const next = await Promise.race([asked, broken]);
      for (const purge of next.purges) {
        if (number !== undefined && purge.number !== number + 1)
          throw new DureError("UNAVAILABLE", "purges of other gateways were missed");
        number = purge.number;
        if (purge.sender === this.#sender) continue;
        if (!purge.labels) this.#owner.onMissed();
        for (const label of purge.labels ?? []) this.#owner.onPurged(label);
      }
      place = next.place;
    }
  }

  #isStarting(): boolean {
    return this.#startTries < startTriesMax;
  }

  #goAway(reason: Error): void {
    this.#isThere = false;
    this.#break(reason);
    this.#startTries += 1;
    if (this.#isStarting() || this.#stop.signal.aborted) return;
    this.#started.resolve();
    this.#count.add(["failed"]);
    if (this.#isToldAway) return;
    this.#isToldAway = true;
    const facts = { reason: reason.message };
    this.#options.logger.warn("the cache goes on without Redis, each gateway by itself", facts);
  }
}
