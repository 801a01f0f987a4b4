/**
 * Publishing with data: the event is a row in the service's own database, written in the same transaction as the data, and goes to
 * the event log once that has committed. While the log is down, the rows wait.
 *
 * ```
 *   transaction: insert product, insert outbox row   -> commit
 *   relay:       number the rows -> append to the log -> delete them
 * ```
 * Rows get their numbers in a transaction of their own before they are sent, so that a relay that dies in between sends the same rows
 * under the same numbers again, and the log stores them once. No cursor says "everything up to here is sent": a transaction that
 * commits late with an earlier id is found like any other row (the gap of auto-increment cursors, known from many outboxes).
 */
import { type EventDefinition, eventOf, type SetupContext } from "../../contract/index.ts";
import { asError, now, random, sleep, wallTime } from "../../kit/index.ts";
import { packBatch } from "../core/packed-events.ts";
import { checkedSize, eventBytes } from "../core/sizes.ts";
import { eventLog } from "../log-contract.ts";
import { eventLimits } from "../types.ts";
import { createTables, inDialect, type SqlDatabase, type SqlRunner } from "./sql-database.ts";

/** For whom an event is published: what travels with it. */
export interface OutboxOrigin {
  readonly traceparent?: string;
  readonly tracestate?: string | undefined;
  readonly principal?: unknown;
  readonly baggage?: Readonly<Record<string, unknown>> | undefined;
  /** It goes out so much later, in ms. It keeps its order with nothing that is published meanwhile. Default 0. */
  readonly delayMs?: number;
}

/** Publishes within transactions. */
export interface Outbox {
  /**
   * Writes the event into the transaction; it goes out after the commit. `origin`: the handler's context. Rejects with INVALID_ARGUMENT
   * for data that does not fit the contract.
   */
  publish<Data>(
    transaction: SqlRunner,
    event: EventDefinition<Data>,
    data: Data,
    origin?: OutboxOrigin,
  ): Promise<void>;
  /** Rows that have not been sent. */
  waitingCount(): Promise<number>;
}

/** The part of a service's setup that the outbox works with. */
export type OutboxHost = Pick<SetupContext<any, any>, "client" | "log" | "signal" | "onStop">;

/** Looks for rows this often, in ms; at once after a publish of this process. */
const pollMs = 200;
/** A publish is looked for so much later, in ms: its transaction has most likely committed then. */
const afterPublishMs = 5;
const againMs = 500;
const batchMax = 500;
/** One relay for a database at a time: one that dies while it sends is waited for so long, in ms. */
const leaseMs = 5_000;
/** While another instance sends, in ms. */
const elsewhereMs = 20;

/** Makes the tables if they are missing and starts the relay; it ends with the service. */
export async function openOutbox(host: OutboxHost, database: SqlDatabase): Promise<Outbox> {
  const outbox = new RunningOutbox(host, database);
  await outbox.open();
  return outbox;
}

class RunningOutbox implements Outbox {
  readonly #host: OutboxHost;
  readonly #database: SqlDatabase;
  readonly #owner = `${wallTime().toString(36)}${Math.floor(random() * 2 ** 40).toString(36)}`;
  #wake = new AbortController();
  #renewAt = 0;

  constructor(host: OutboxHost, database: SqlDatabase) {
    this.#host = host;
    this.#database = database;
  }

  async open(): Promise<void> {
    await createTables(this.#database, tables[this.#database.dialect]);
    await this.#run(
      "insert into dure_outbox_state (id, source, next_seq, owner, lease_until) values (1, ?, 0, '', 0) on conflict do nothing",
      [`outbox-${this.#owner}`],
    );
    const relaying = this.#relay();
    this.#host.onStop(async () => {
      this.#wake.abort();
      await relaying;
    });
  }

  async publish<Data>(
    transaction: SqlRunner,
    definition: EventDefinition<Data>,
    data: Data,
    origin: OutboxOrigin = {},
  ): Promise<void> {
    const event = eventOf(definition);
    const body = event.serialize(data);
    const { traceparent, tracestate, principal, baggage, delayMs = 0 } = origin;
    const head = JSON.stringify({ traceparent, tracestate, principal, baggage });
    const key = event.keyOf(data) ?? "";
    checkedSize({ topic: event.name, key, head, body });
    const statement =
      "insert into dure_outbox (topic, event_key, head, body, due) values (?, ?, ?, ?, ?)";
    await transaction(inDialect(this.#database, statement), [
      event.name,
      key,
      head,
      body,
      delayMs > 0 ? Math.floor(wallTime() + delayMs) : 0,
    ]);
    this.#wake.abort();
  }

  async waitingCount(): Promise<number> {
    const [row] = await this.#run("select count(*) as waiting from dure_outbox", []);
    return Number(row?.waiting);
  }

  #run(statement: string, parameters: readonly unknown[]) {
    return this.#database.run(inDialect(this.#database, statement), parameters);
  }

  async #relay(): Promise<void> {
    const { signal, log } = this.#host;
    let isTroubled = false;
    while (!signal.aborted) {
      try {
        const isRelayedElsewhere = (await this.#hasRows()) && !(await this.#sendAll());
        isTroubled = false;
        if (isRelayedElsewhere) await sleep(elsewhereMs, signal);
        else await this.#idle();
      } catch (thrown) {
        if (signal.aborted) return;
        if (!isTroubled) log.warn("events wait in the outbox", { reason: asError(thrown).message });
        isTroubled = true;
        await sleep(againMs, signal).catch(() => undefined);
      }
    }
  }

  async #idle(): Promise<void> {
    const woken = this.#wake.signal;
    await sleep(pollMs, AbortSignal.any([this.#host.signal, woken])).catch(() => undefined);
    if (!woken.aborted) return;
    this.#wake = new AbortController();
    await sleep(afterPublishMs, this.#host.signal).catch(() => undefined);
  }

  async #hasRows(): Promise<boolean> {
    const statement = "select id from dure_outbox where due <= ? limit 1";
    const rows = await this.#run(statement, [Math.floor(wallTime())]);
    return rows.length > 0;
  }

  /** Sends what there is; false while another instance does. */
  async #sendAll(): Promise<boolean> {
    if (!(await this.#takeLease())) return false;
    try {
      while (!this.#host.signal.aborted && (await this.#sendSome())) await this.#takeLease();
    } finally {
      // Whoever publishes next sends it itself, at once.
      await this.#run("update dure_outbox_state set lease_until = 0 where id = 1 and owner = ?", [
        this.#owner,
      ]);
      this.#renewAt = 0;
    }
    return true;
  }

  /** A lease that is young enough is not written again. */
  async #takeLease(): Promise<boolean> {
    if (now() < this.#renewAt) return true;
    const time = Math.floor(wallTime());
    const rows = await this.#run(
      "update dure_outbox_state set owner = ?, lease_until = ? where id = 1 and (owner = ? or lease_until < ?) returning id",
      [this.#owner, time + leaseMs, this.#owner, time],
    );
    if (rows.length > 0) this.#renewAt = now() + leaseMs / 3;
    return rows.length > 0;
  }

  /** Resolves to whether there was something to send. */
  async #sendSome(): Promise<boolean> {
    const rows = await this.#numbered();
    const [first] = rows;
    if (!first) return false;
    const [state] = await this.#run("select source from dure_outbox_state where id = 1", []);
    const events = rows.map(({ topic, event_key, head, body }) => ({
      topic: String(topic),
      key: String(event_key),
      head: String(head),
      body: String(body),
    }));
    const origin = { source: String(state?.source), epoch: 0, seq: Number(first.seq) };
    await this.#host.client(eventLog).append(packBatch({ ...origin, events }));
    const last = rows.at(-1);
    await this.#run("delete from dure_outbox where seq between ? and ?", [
      Number(first.seq),
      Number(last?.seq),
    ]);
    return true;
  }

  /** The next rows in the order in which they are to be sent, numbered. */
  async #numbered(): Promise<readonly Record<string, unknown>[]> {
    const inDatabase = (statement: string) => inDialect(this.#database, statement);
    return this.#database.transaction(async (run) => {
      const select = inDatabase(
        "select * from dure_outbox where seq is not null order by seq limit ?",
      );
      const left = await run(select, [batchMax]);
      if (left.length > 0) return withinBounds(left);
      const [state] = await run(
        inDatabase(
          "update dure_outbox_state set next_seq = next_seq where id = 1 and owner = ? returning next_seq",
        ),
        [this.#owner],
      );
      // Somebody else has the lease by now.
      if (!state) return [];
      const numbered = await run(
        inDatabase(
          "update dure_outbox set seq = numbered.number from (select id, row_number() over (order by id) - 1 + ? as number from (select id from dure_outbox where seq is null and due <= ? order by id limit ?) as next) as numbered where dure_outbox.id = numbered.id returning dure_outbox.id",
        ),
        [Number(state.next_seq), Math.floor(wallTime()), batchMax],
      );
      if (numbered.length === 0) return [];
      await run(inDatabase("update dure_outbox_state set next_seq = next_seq + ? where id = 1"), [
        numbered.length,
      ]);
      return withinBounds(await run(select, [batchMax]));
    });
  }
}

/** What fits into one append. */
function withinBounds(
  rows: readonly Record<string, unknown>[],
): readonly Record<string, unknown>[] {
  let bytes = 0;
  const end = rows.findIndex(({ event_key: key, body, head }, index) => {
    bytes += eventBytes({ key: String(key), head: String(head), body: String(body) });
    return index > 0 && bytes > eventLimits.batchBytesMax;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

const stateTable =
  "create table if not exists dure_outbox_state (id integer primary key, source text not null, next_seq bigint not null, owner text not null, lease_until bigint not null)";
const dueIndex = "create index if not exists dure_outbox_due on dure_outbox (due)";
const tables = {
  sqlite: [
    "create table if not exists dure_outbox (id integer primary key autoincrement, topic text not null, event_key text not null, head text not null, body text not null, due bigint not null, seq integer)",
    dueIndex,
    stateTable,
  ],
  postgres: [
    "create table if not exists dure_outbox (id bigserial primary key, topic text not null, event_key text not null, head text not null, body text not null, due bigint not null, seq bigint)",
    dueIndex,
    stateTable,
  ],
} as const;
