import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import pg from "pg";
import type { SqlDatabase, SqlRunner } from "../../../src/events/index.ts";

/** A database of its own for a test. */
export interface TestDatabase extends SqlDatabase {
  /** Begins a transaction and leaves it open: for what happens between two of them. */
  begin(): Promise<{ run: SqlRunner; commit(): Promise<void> }>;
  close(): Promise<void>;
}

/** A file of SQLite; one transaction at a time, as with one connection. */
export function sqliteDatabase(path: string): TestDatabase {
  const database = new DatabaseSync(path);
  database.exec("pragma journal_mode = wal");
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const run: SqlRunner = async (statement, parameters) =>
    database.prepare(statement).all(...(parameters as SQLInputValue[])) as Record<
      string,
      unknown
    >[];
  const begin = async () => {
    database.exec("begin immediate");
    return { run, commit: async () => database.exec("commit") };
  };
  return {
    dialect: "sqlite",
    run: (statement, parameters) => inTurn(() => run(statement, parameters)),
    begin,
    transaction: (work) =>
      inTurn(async () => {
        const { commit } = await begin();
        try {
          const value = await work(run);
          await commit();
          return value;
        } catch (thrown) {
          database.exec("rollback");
          throw thrown;
        }
      }),
    close: async () => database.close(),
  };
}

const server = process.env.DURE_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/test";

/** A schema of PostgreSQL, dropped when it is closed. */
export async function postgresDatabase(schema: string): Promise<TestDatabase> {
  const pool = new pg.Pool({
    connectionString: server,
    max: 5,
    options: `-c search_path=${schema}`,
  });
  await pool.query(`create schema ${schema}`);
  const begin = async () => {
    const client = await pool.connect();
    await client.query("begin");
    const run: SqlRunner = async (statement, parameters) =>
      (await client.query(statement, [...parameters])).rows;
    const end = async (how: "commit" | "rollback") => {
      await client.query(how);
      client.release();
    };
    return { run, commit: () => end("commit"), rollback: () => end("rollback") };
  };
  return {
    dialect: "postgres",
    run: async (statement, parameters) => (await pool.query(statement, [...parameters])).rows,
    begin,
    async transaction(work) {
      const { run, commit, rollback } = await begin();
      try {
        const value = await work(run);
        await commit();
        return value;
      } catch (thrown) {
        await rollback();
        throw thrown;
      }
    },
    async close() {
      await pool.query(`drop schema ${schema} cascade`);
      await pool.end();
    },
  };
}
