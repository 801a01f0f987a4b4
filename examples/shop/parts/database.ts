import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { secret } from "dure";
import type { SqlDatabase, SqlRunner } from "dure/node";
import { CompiledQuery, Kysely, PostgresDialect, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { z } from "zod";
import { NodeSqliteDialect } from "./sqlite-dialect.ts";

/** What a service with a database declares as its environment. */
export const databaseEnv = { DURE_DATA: z.string(), DATABASE_URL: secret(z.string().optional()) };

/** Where a service's database is. */
export interface DatabasePlace {
  readonly DURE_DATA: string;
  readonly DATABASE_URL: { reveal(): string | undefined };
}

/** An open database. */
export interface Database<Tables> {
  readonly db: Kysely<Tables>;
  /** The same for outbox, inbox and sagas. */
  readonly sqlDatabase: SqlDatabase;
  close(): Promise<void>;
}

/** Steps that build the tables, by name; each runs once. They get an identity column type that fits the engine. */
export type Migrations = Readonly<
  Record<string, (db: Kysely<any>, engine: Engine) => Promise<unknown>>
>;

/** What differs between the engines. */
export interface Engine {
  readonly isPostgres: boolean;
}

/**
 * Opens a service's own database: the file `<data>/shop/<name>.db`, or, where DATABASE_URL is set, the PostgreSQL schema of that
 * name. Several instances may open it at once; the tables are built once.
 */
export async function openDatabase<Tables>(
  name: string,
  place: DatabasePlace,
  migrations: Migrations,
): Promise<Database<Tables>> {
  const url = place.DATABASE_URL.reveal();
  const db = new Kysely<Tables>({
    dialect: url ? await postgres(url, name) : sqlite(place.DURE_DATA, name),
  });
  const engine: Engine = { isPostgres: url !== undefined };
  const provider = {
    getMigrations: async () =>
      Object.fromEntries(
        Object.entries(migrations).map(([step, up]): [string, Migration] => [
          step,
          { up: async (on) => void (await up(on, engine)) },
        ]),
      ),
  };
  // Named, because the migrator would take another service's table in the same database for its own.
  const schema = url ? { migrationTableSchema: name } : {};
  const { error } = await new Migrator({ db, provider, ...schema }).migrateToLatest();
  if (error) throw error;
  const sqlDatabase: SqlDatabase = {
    dialect: engine.isPostgres ? "postgres" : "sqlite",
    run: runnerOf(db),
    transaction: (work) => db.transaction().execute((tx) => work(runnerOf(tx))),
  };
  return { db, sqlDatabase, close: () => db.destroy() };
}

/** Statements of outbox, inbox and sagas within a transaction of kysely, or outside of any. */
export function runnerOf(on: Kysely<any>): SqlRunner {
  return async (text, values) => {
    const { rows } = await on.executeQuery(CompiledQuery.raw(text, [...values]));
    return rows as Record<string, unknown>[];
  };
}

function sqlite(dataDir: string, name: string): NodeSqliteDialect {
  const folder = join(dataDir, "shop");
  mkdirSync(folder, { recursive: true });
  return new NodeSqliteDialect(join(folder, `${name}.db`));
}

async function postgres(url: string, name: string): Promise<PostgresDialect> {
  const { default: pg } = await import("pg");
  // 64-bit counts come as text from PostgreSQL; the shop's numbers are all safe integers.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: url, max: 5, options: `-c search_path=${name}` });
  const admin = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`create schema if not exists ${sql.id(name)}`.execute(admin);
  } catch (error) {
    // Two instances at once: "if not exists" is no lock, the other one made it.
    if ((error as { code?: string }).code !== "23505") throw error;
  }
  return new PostgresDialect({ pool });
}
