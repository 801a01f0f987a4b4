/**
 * A read model made from events: a table that can be thrown away and made again from the log. The events and how far they have been
 * taken in are written in one transaction, so each counts once, in the order of its topic.
 *
 * ```
 *   log  ... 41 42 43 44 | 45          applied up to 44, in the same database as the read model; 45 comes next
 * ```
 */
import { type EventDefinition, type EventRuntime, eventOf } from "../contract/index.ts";
import { asError, DureError, now, sleep } from "../kit/index.ts";
import { eventsIn } from "./core/packed-events.ts";
import { unpackAnswer } from "./core/poll-answer.ts";
import { eventLog } from "./log-contract.ts";
import type { OutboxHost } from "./outbox/outbox.ts";
import {
  createTables,
  inDialect,
  type SqlDatabase,
  type SqlRunner,
} from "./outbox/sql-database.ts";
import type { StoredEvent } from "./types.ts";

/** How one kind of event changes the read model. */
export interface ProjectedEvent<Data = any> {
  readonly event: EventDefinition<Data>;
  readonly apply: (transaction: SqlRunner, data: Data) => Promise<unknown>;
}

/** Pairs an event with what it changes. */
export function projects<Data>(
  event: EventDefinition<Data>,
  apply: ProjectedEvent<Data>["apply"],
): ProjectedEvent<Data> {
  return { event, apply };
}

/** What {@link openProjection} takes. */
export interface ProjectionOptions {
  /** Unique within the database. */
  readonly name: string;
  readonly from: readonly ProjectedEvent[];
  /** Empties the read model, for {@link Projection.rebuild}. */
  reset(transaction: SqlRunner): Promise<unknown>;
}

/** A read model that follows the log. */
export interface Projection {
  /** Events that are stored and not taken in yet; undefined while the log cannot be asked. */
  behindBy(): Promise<number | undefined>;
  /** Waits until everything is taken in that was stored when it was asked; false if that takes longer than `waitMs`. */
  caughtUp(waitMs: number): Promise<boolean>;
  /** Empties the read model and makes it again from all events that the log still has. Resolves when that has begun. */
  rebuild(): Promise<void>;
}

const pollWaitMs = 20_000;
const batchMax = 500;
const againMs = 300;
const watchMs = 10;

/** Makes its table if it is missing and follows the log until the service ends. Several instances on one database share the work. */
export async function openProjection(
  host: OutboxHost,
  database: SqlDatabase,
  options: ProjectionOptions,
): Promise<Projection> {
  const projection = new RunningProjection(host, database, options);
  await projection.open();
  return projection;
}

class RunningProjection implements Projection {
  readonly #host: OutboxHost;
  readonly #database: SqlDatabase;
  readonly #options: ProjectionOptions;
  #restart = new AbortController();

  constructor(host: OutboxHost, database: SqlDatabase, options: ProjectionOptions) {
    this.#host = host;
    this.#database = database;
    this.#options = options;
  }

  async open(): Promise<void> {
    await createTables(this.#database, [
      "create table if not exists dure_projections (name text not null, topic text not null, next_offset bigint not null, primary key (name, topic))",
    ]);
    const loops = this.#options.from.map(({ event, apply }) => this.#follow(eventOf(event), apply));
    this.#host.onStop(() => Promise.all(loops));
  }

  async behindBy(): Promise<number | undefined> {
    try {
      const { topics } = await this.#host.client(eventLog).overview();
      const lags = this.#options.from.map(async ({ event }) => {
        const stored = topics.find(({ name }) => name === eventOf(event).name)?.next ?? 0;
        return Math.max(0, stored - (await this.#nextOffset(eventOf(event).name)));
      });
      return (await Promise.all(lags)).reduce((sum, lag) => sum + lag, 0);
    } catch {
      return undefined;
    }
  }

  async caughtUp(waitMs: number): Promise<boolean> {
    const until = now() + waitMs;
    const { topics } = await this.#host
      .client(eventLog)
      .overview(undefined, { deadlineMs: waitMs });
    for (const { event } of this.#options.from) {
      const { name } = eventOf(event);
      const stored = topics.find((topic) => topic.name === name)?.next ?? 0;
      while ((await this.#nextOffset(name)) < stored) {
        if (now() >= until) return false;
        await sleep(watchMs);
      }
    }
    return true;
  }

  async rebuild(): Promise<void> {
    await this.#database.transaction(async (run) => {
      await run(this.#sql("update dure_projections set next_offset = 0 where name = ?"), [
        this.#options.name,
      ]);
      await this.#options.reset(run);
    });
    // Who waits for what comes next has to begin again.
    this.#restart.abort();
    this.#restart = new AbortController();
  }

  async #follow(event: EventRuntime, apply: ProjectedEvent["apply"]): Promise<void> {
    const { signal, log, client } = this.#host;
    const facts = { projection: this.#options.name, topic: event.name };
    let isTroubled = false;
    while (!signal.aborted) {
      const restart = this.#restart.signal;
      try {
        const from = await this.#nextOffset(event.name);
        const input = { topic: event.name, from, max: batchMax, waitMs: pollWaitMs };
        const either = AbortSignal.any([signal, restart]);
        const answer = await client(eventLog).poll(input, { signal: either });
        const { blocks, next, first } = unpackAnswer(answer);
        if (first > from && from > 0)
          log.error("events were dropped by retention before they were taken in", {
            ...facts,
            from,
            first,
          });
        const events = eventsIn(event.name, blocks, from);
        if (next > from) await this.#apply(event, { from, next, events, apply });
        isTroubled = false;
      } catch (thrown) {
        if (signal.aborted) return;
        if (restart.aborted) continue;
        if (!isTroubled)
          log.warn("a projection waits", { ...facts, reason: asError(thrown).message });
        isTroubled = true;
        await sleep(againMs, signal).catch(() => undefined);
      }
    }
  }

  /** All or nothing, and nothing if another instance was first. */
  async #apply(event: EventRuntime, { from, next, events, apply }: Batch): Promise<void> {
    await this.#database
      .transaction(async (run) => {
        const moved = await run(
          this.#sql(
            "update dure_projections set next_offset = ? where name = ? and topic = ? and next_offset = ? returning name",
          ),
          [next, this.#options.name, event.name, from],
        );
        if (moved.length === 0) throw new AnotherWasFirst();
        for (const { body } of events) await apply(run, await event.parse(body));
      })
      .catch((thrown) => {
        if (!(thrown instanceof AnotherWasFirst)) throw thrown;
      });
  }

  async #nextOffset(topic: string): Promise<number> {
    const { name } = this.#options;
    const find = this.#sql("select next_offset from dure_projections where name = ? and topic = ?");
    const [row] = await this.#database.run(find, [name, topic]);
    if (row) return Number(row.next_offset);
    await this.#database.run(
      this.#sql("insert into dure_projections values (?, ?, 0) on conflict do nothing"),
      [name, topic],
    );
    return 0;
  }

  #sql(statement: string): string {
    return inDialect(this.#database, statement);
  }
}

interface Batch {
  readonly from: number;
  readonly next: number;
  readonly events: readonly StoredEvent[];
  readonly apply: ProjectedEvent["apply"];
}

class AnotherWasFirst extends DureError {
  constructor() {
    super("ABORTED", "another instance has taken these events in");
  }
}
