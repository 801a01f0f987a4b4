/**
 * SQLite through `node:sqlite` for kysely. One connection a process, used by one transaction at a time. SQLite's own waiting
 * blocks the event loop, so the busy timeout is 0 and a statement that meets another process's lock waits here instead.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";

const busyCode = 5;
/** For how long a lock is waited for, in ms; then the error tells. */
const busyMsMax = 5_000;

export class NodeSqliteDialect implements Dialect {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  createAdapter(): DialectAdapter {
    return new AtomicAdapter();
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#path);
  }

  createIntrospector(database: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(database);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }
}

/**
 * SQLite can take back a new table; kysely does not use that. Without it a process that is killed while it builds its tables leaves some of them
 * behind, and no later one gets past those.
 */
class AtomicAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver implements Driver {
  readonly #path: string;
  #connection: NodeSqliteConnection | undefined;
  #turn: Promise<void> = Promise.resolve();
  #endTurn: (() => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async init(): Promise<void> {
    const database = new DatabaseSync(this.#path, { timeout: 0 });
    this.#connection = new NodeSqliteConnection(database);
    for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]) {
      await this.#connection.executeQuery(CompiledQuery.raw(`pragma ${pragma}`));
    }
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const former = this.#turn;
    let endTurn = () => {};
    this.#turn = new Promise((resolve) => {
      endTurn = resolve;
    });
    await former;
    this.#endTurn = endTurn;
    return this.#connection as NodeSqliteConnection;
  }

  async releaseConnection(): Promise<void> {
    this.#endTurn?.();
  }

  /** IMMEDIATE: a transaction meets the lock here, where waiting is safe, and never half-way. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async destroy(): Promise<void> {
    this.#connection?.close();
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const giveUpAt = performance.now() + busyMsMax;
    for (;;) {
      try {
        return this.#execute(sql, parameters as SQLInputValue[]);
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== busyCode || performance.now() > giveUpAt)
          throw error;
        await pause(1 + Math.random() * 9);
      }
    }
  }

  // biome-ignore lint/correctness/useYield: kysely asks for a generator; this dialect has no cursors
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("streaming is not supported by this dialect");
  }

  close(): void {
    this.#database.close();
  }

  #execute<Row>(sql: string, parameters: SQLInputValue[]): QueryResult<Row> {
    const statement = this.#database.prepare(sql);
    if (statement.columns().length > 0) return { rows: statement.all(...parameters) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }
}
