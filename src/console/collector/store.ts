import { DatabaseSync } from "node:sqlite";

/** Where and how much is stored. */
export interface StoreOptions {
  /** A file; default: in memory. What it holds is only for looking at, so it is emptied when the collector starts. */
  readonly path?: string | undefined;
  /** Of spans and of log lines each at most so much, in MiB; the oldest go first. Default 64. */
  readonly mbMax?: number | undefined;
  /** Older ones go too, in hours by when they came in. Default 24. */
  readonly hoursMax?: number | undefined;
}

/** What holds where nothing is said. */
const storeDefaults = { mbMax: 64, hoursMax: 24 } as const;

/** Rows that go at once when there is too much. */
const sweepRows = 500;

const tables = `
  pragma journal_mode = off;
  pragma synchronous = off;
  drop table if exists spans;
  drop table if exists traces;
  drop table if exists logs;
  create table spans (id integer primary key, trace text not null, span text not null, came integer not null, size integer not null, record text not null, unique (trace, span));
  create table traces (trace text primary key, start real not null, finish real not null, errors integer not null);
  create index traces_start on traces (start);
  create table logs (id integer primary key, trace text, service text not null, node text not null, level integer not null, came integer not null, size integer not null, searched text not null, record text not null);
  create index logs_trace on logs (trace) where trace is not null;
`;

/** The database of what was collected. Bounded by bytes and by age. */
export class Store {
  readonly database: DatabaseSync;
  readonly #bytesMax: number;
  readonly #ageMsMax: number;
  readonly #bytes = { spans: 0, logs: 0 };
  /** Traces that have lost spans since the last look. */
  readonly #shortened = new Set<string>();

  constructor({ path = ":memory:", mbMax, hoursMax }: StoreOptions = {}) {
    this.database = new DatabaseSync(path);
    this.database.exec(tables);
    this.#bytesMax = (mbMax ?? storeDefaults.mbMax) * 2 ** 20;
    this.#ageMsMax = (hoursMax ?? storeDefaults.hoursMax) * 3_600_000;
  }

  /** What is stored, in bytes of text. */
  get bytes(): number {
    return this.#bytes.spans + this.#bytes.logs;
  }

  /** So much was added. */
  added(table: "spans" | "logs", bytes: number): void {
    this.#bytes[table] += bytes;
  }

  /** Runs all of it or nothing. */
  transaction(work: () => void): void {
    this.database.exec("begin");
    try {
      work();
      this.database.exec("commit");
    } catch (thrown) {
      this.database.exec("rollback");
      throw thrown;
    }
  }

  /** Drops what is too old or too much. @param time in ms since 1970. */
  sweep(time: number): void {
    for (const table of ["spans", "logs"] as const) {
      this.#drop(table, "came < ?", Math.floor(time - this.#ageMsMax));
      while (this.#bytes[table] > this.#bytesMax) {
        const oldest = `id in (select id from ${table} order by id limit ?)`;
        this.#drop(table, oldest, sweepRows);
      }
    }
    this.#forgetTraces();
  }

  close(): void {
    this.database.close();
  }

  #drop(table: "spans" | "logs", where: string, value: number): void {
    const dropped = this.database
      .prepare(`delete from ${table} where ${where} returning size, trace`)
      .all(value);
    for (const { size, trace } of dropped) {
      this.#bytes[table] -= Number(size);
      if (table === "spans") this.#shortened.add(String(trace));
    }
  }

  /** Those of which nothing is left. */
  #forgetTraces(): void {
    const forget = this.database.prepare(
      "delete from traces where trace = ? and not exists (select 1 from spans where spans.trace = traces.trace)",
    );
    for (const trace of this.#shortened) forget.run(trace);
    this.#shortened.clear();
  }
}

/** For `like ... escape '\\'`: the text itself, wherever it stands. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}
