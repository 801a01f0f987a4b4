/** What sagas leave in the service's own database. */
import type { SagaState } from "../contract/index.ts";
import { createTables, inDialect, type SqlDatabase, type SqlRunner } from "../events/index.ts";
import { wallTime } from "../kit/index.ts";
import type { StepState } from "./core/decisions.ts";

/** A saga as it is written down. */
export interface SagaRow {
  readonly id: string;
  readonly name: string;
  readonly state: SagaState;
  readonly input: string;
  /** Of one that is done, as JSON. */
  readonly output: string | null;
  /** Why it failed or is stuck, as JSON: `{ code, message, data }`. */
  readonly error: string | null;
  readonly attempts: number;
  /** Raised by everybody who takes it over: what a former owner writes is refused. */
  readonly fence: number;
  readonly createdAt: number;
  /** Its place in the trace of what started it; null for one that an earlier version started. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** A step as it is written down. */
export interface StepRow {
  readonly position: number;
  readonly name: string;
  readonly state: StepState;
  /** As JSON. */
  readonly output: string | null;
  readonly error: string | null;
  /** Tries that have ended, well or not; 0 of one that waits for an event. */
  readonly attempts: number;
  /** Of one that waits for an event: which, as `topic key`, and until when. */
  readonly awaits: string | null;
  readonly deadline: number;
}

/** A change that nobody else may have made meanwhile. */
export type SagaChange = Partial<Pick<SagaRow, "state" | "output" | "error" | "attempts">> & {
  /** When it goes on; now without it. */
  readonly due?: number;
};

const tables = [
  "create table if not exists dure_sagas (id text primary key, name text not null, state text not null, input text not null, output text, error text, attempts integer not null, fence bigint not null, owner text not null, lease_until bigint not null, due bigint not null, created_at bigint not null, traceparent text, tracestate text)",
  "create table if not exists dure_saga_steps (saga_id text not null, position integer not null, name text not null, state text not null, output text, error text, attempts integer not null, awaits text, deadline bigint not null, primary key (saga_id, position))",
  "create table if not exists dure_saga_events (topic text not null, event_key text not null, id text not null, body text not null, at bigint not null, primary key (topic, event_key, id))",
  "create index if not exists dure_sagas_due on dure_sagas (state, due)",
];
const columns =
  "id, name, state, input, output, error, attempts, fence, created_at, traceparent, tracestate";
/** Columns that tables made by an earlier version lack. */
const laterColumns = ["traceparent", "tracestate"];
/** Events that sagas may wait for are kept so long, in ms. */
const eventsKeepMs = 7 * 24 * 3_600_000;

export class SagaStore {
  readonly #database: SqlDatabase;
  readonly #leaseMs: number;

  constructor(database: SqlDatabase, leaseMs: number) {
    this.#database = database;
    this.#leaseMs = leaseMs;
  }

  async open(): Promise<void> {
    await createTables(this.#database, tables);
    for (const column of laterColumns) await this.#addColumn(column);
  }

  async #addColumn(name: string): Promise<void> {
    if (await this.#hasColumn(name)) return;
    try {
      await this.#run(`alter table dure_sagas add column ${name} text`, []);
    } catch (thrown) {
      // Another instance was faster.
      if (!(await this.#hasColumn(name))) throw thrown;
    }
  }

  async #hasColumn(name: string): Promise<boolean> {
    try {
      await this.#run(`select ${name} from dure_sagas where id = ''`, []);
      return true;
    } catch {
      return false;
    }
  }

  /** Writes a new saga into the transaction; false if there is one of that id. */
  async start(
    transaction: SqlRunner,
    {
      id,
      name,
      input,
      traceparent,
      tracestate,
    }: Pick<SagaRow, "id" | "name" | "input" | "traceparent" | "tracestate">,
  ): Promise<boolean> {
    const time = Math.floor(wallTime());
    const statement =
      "insert into dure_sagas (id, name, state, input, attempts, fence, owner, lease_until, due, created_at, traceparent, tracestate) values (?, ?, 'running', ?, 0, 0, '', 0, ?, ?, ?, ?) on conflict do nothing returning id";
    const rows = await transaction(inDialect(this.#database, statement), [
      id,
      name,
      input,
      time,
      time,
      traceparent,
      tracestate,
    ]);
    return rows.length > 0;
  }

  async find(id: string): Promise<SagaRow | undefined> {
    const [row] = await this.#run(`select ${columns} from dure_sagas where id = ?`, [id]);
    return row && sagaOf(row);
  }

  async list(state: SagaState | undefined, max: number): Promise<SagaRow[]> {
    const rows = await this.#run(
      `select ${columns} from dure_sagas where (cast(? as text) is null or state = ?) order by created_at desc limit ?`,
      [state ?? null, state ?? null, max],
    );
    return rows.map(sagaOf);
  }

  /** Takes sagas that are due and nobody works on. */
  async claim(owner: string, max: number): Promise<SagaRow[]> {
    const time = Math.floor(wallTime());
    const rows = await this.#run(
      `update dure_sagas set owner = ?, lease_until = ?, fence = fence + 1 where id in (select id from dure_sagas where state in ('running', 'compensating') and due <= ? and lease_until < ? order by due limit ?) and lease_until < ? returning ${columns}`,
      [owner, time + this.#leaseMs, time, time, max, time],
    );
    return rows.map(sagaOf);
  }

  /** Says that the owner still works on it; false if it has gone to somebody else. */
  async renew({ id, fence }: SagaRow): Promise<boolean> {
    const rows = await this.#run(
      "update dure_sagas set lease_until = ? where id = ? and fence = ? returning id",
      [Math.floor(wallTime()) + this.#leaseMs, id, fence],
    );
    return rows.length > 0;
  }

  /** Gives it back, changed; without effect if it has gone to somebody else. */
  async release({ id, fence }: SagaRow, { due, ...change }: SagaChange): Promise<void> {
    const fields = Object.keys(change);
    const values = Object.values(change);
    const sets = [
      "owner = ''",
      "lease_until = 0",
      "due = ?",
      ...fields.map((field) => `${field} = ?`),
    ];
    await this.#run(`update dure_sagas set ${sets.join(", ")} where id = ? and fence = ?`, [
      due ?? Math.floor(wallTime()),
      ...values,
      id,
      fence,
    ]);
  }

  /** Puts one that is stuck into another state; false if it is not stuck. */
  async unstick(id: string, state: SagaState): Promise<boolean> {
    const rows = await this.#run(
      "update dure_sagas set state = ?, attempts = 0, due = ?, lease_until = 0 where id = ? and state = 'stuck' returning id",
      [state, Math.floor(wallTime()), id],
    );
    return rows.length > 0;
  }

  async steps(id: string): Promise<StepRow[]> {
    const rows = await this.#run(
      "select * from dure_saga_steps where saga_id = ? order by position",
      [id],
    );
    return rows.map((row) => ({
      position: Number(row.position),
      name: String(row.name),
      state: row.state as StepState,
      output: row.output as string | null,
      error: row.error as string | null,
      attempts: Number(row.attempts),
      awaits: row.awaits as string | null,
      deadline: Number(row.deadline),
    }));
  }

  /** Writes a step; false, and nothing is written, if the saga has gone to somebody else. */
  async saveStep({ id, fence }: SagaRow, step: StepRow): Promise<boolean> {
    const { position, name, state, output, error, attempts, awaits, deadline } = step;
    return this.#database.transaction(async (run) => {
      const own = await run(
        inDialect(
          this.#database,
          "update dure_sagas set fence = fence where id = ? and fence = ? returning id",
        ),
        [id, fence],
      );
      if (own.length === 0) return false;
      const statement =
        "insert into dure_saga_steps (saga_id, position, name, state, output, error, attempts, awaits, deadline) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (saga_id, position) do update set state = excluded.state, output = excluded.output, error = excluded.error, attempts = excluded.attempts";
      await run(inDialect(this.#database, statement), [
        id,
        position,
        name,
        state,
        output,
        error,
        attempts,
        awaits,
        deadline,
      ]);
      return true;
    });
  }

  /** Keeps an event that a saga may wait for, now or later, and lets those that wait look. */
  async keepEvent(event: { topic: string; key: string; id: string; body: string }): Promise<void> {
    const time = Math.floor(wallTime());
    await this.#run(
      "insert into dure_saga_events (topic, event_key, id, body, at) values (?, ?, ?, ?, ?) on conflict do nothing",
      [event.topic, event.key, event.id, event.body, time],
    );
    await this.#run(
      "update dure_sagas set due = ? where state = 'running' and due > ? and id in (select saga_id from dure_saga_steps where state = 'started' and awaits = ?)",
      [time, time, `${event.topic} ${event.key}`],
    );
  }

  /** The first event with the key that came after `since`, as JSON. */
  async findEvent(topic: string, key: string, since: number): Promise<string | undefined> {
    const [row] = await this.#run(
      "select body from dure_saga_events where topic = ? and event_key = ? and at >= ? order by at limit 1",
      [topic, key, since],
    );
    return row && String(row.body);
  }

  async clean(): Promise<void> {
    await this.#run("delete from dure_saga_events where at < ?", [
      Math.floor(wallTime()) - eventsKeepMs,
    ]);
  }

  #run(statement: string, parameters: readonly unknown[]) {
    return this.#database.run(inDialect(this.#database, statement), parameters);
  }
}

function sagaOf(row: Record<string, unknown>): SagaRow {
  return {
    id: String(row.id),
    name: String(row.name),
    state: row.state as SagaState,
    input: String(row.input),
    output: row.output as string | null,
    error: row.error as string | null,
    attempts: Number(row.attempts),
    fence: Number(row.fence),
    createdAt: Number(row.created_at),
    traceparent: row.traceparent as string | null,
    tracestate: row.tracestate as string | null,
  };
}
