/**
 * The log's storage in PostgreSQL, for fleets on several machines: the log's process may run on any of them, its data is in the
 * database, with the database's own replication and backups. One connection, which holds an advisory lock: a second log on the same
 * schema is refused.
 */
import { DureError } from "../../kit/index.ts";
import {
  type Engine,
  type EngineCall,
  type EngineSession,
  openEngineStorage,
} from "../engine/engine-storage.ts";
import { LogBook } from "../engine/log-book.ts";
import type { Storage } from "../storage/storage.ts";
import type { Query } from "./postgres-groups.ts";
import { PostgresLog } from "./postgres-log.ts";
import { postgresTables } from "./postgres-tables.ts";

/** The part of a client of `pg` that is used. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, any>[] }>;
  end(): Promise<void>;
  on(event: "error" | "end", listener: (error?: Error) => void): unknown;
}

/** What {@link openPostgresStorage} takes. */
export interface PostgresStorageOptions {
  /** Makes a connected client whose search path is the log's schema: `async () => { const client = new pg.Client(url); await client.connect(); return client; }`. */
  connect(): Promise<PostgresClient>;
}

/** "dure" as a number; any will do, as long as it stays. Locks are the database's, so the schema is part of this one. */
const lockKey = 0x64757265;

/** Makes the tables if they are missing. Rejects with ALREADY_EXISTS while another process has the log, UNAVAILABLE without a server. */
export function openPostgresStorage({ connect }: PostgresStorageOptions): Promise<Storage> {
  const book = new LogBook();
  return openEngineStorage({
    name: "PostgreSQL",
    durability:
      "what is acknowledged is committed in PostgreSQL and as safe as the server's synchronous_commit and its replication; while the log's process or the server is down publishers wait",
    codeOf,
    open: async (onLost) => openSession(await connect(), book, onLost),
  } satisfies Engine);
}

async function openSession(
  client: PostgresClient,
  book: LogBook,
  onLost: () => void,
): Promise<EngineSession> {
  // Told by the query that fails.
  client.on("error", () => {});
  client.on("end", onLost);
  const query: Query = async (text, values = []) => (await client.query(text, [...values])).rows;
  const [lock] = await query("select pg_try_advisory_lock($1, hashtext(current_schema())) locked", [
    lockKey,
  ]);
  if (!lock?.locked) {
    await client.end();
    throw new DureError(
      "ALREADY_EXISTS",
      "this schema's event log is in use by another process; a log has one process, stop the other or choose another schema",
    );
  }
  for (const statement of postgresTables) await query(statement);
  const log = new PostgresLog(query, book);
  await log.countOpening();
  await log.load();
  return {
    opening: log.incarnation,
    write: (calls) => transaction(query, log, calls),
    read: ({ name, input, at }) => log.call(name, input, at),
    close: () => client.end(),
  };
}

async function transaction(
  query: Query,
  log: PostgresLog,
  calls: readonly EngineCall[],
): Promise<unknown[]> {
  try {
    await query("begin");
    const values: unknown[] = [];
    for (const { name, input, at } of calls) values.push(await log.call(name, input, at));
    await query("commit");
    log.onCommitted();
    return values;
  } catch (thrown) {
    await query("rollback")
      .then(() => log.load())
      .catch(() => undefined);
    throw thrown;
  }
}

/** 53: insufficient resources, the disk among them (PostgreSQL, appendix A). */
function codeOf(thrown: unknown): "RESOURCE_EXHAUSTED" | "UNAVAILABLE" {
  const { code } = thrown as { code?: string };
  return code?.startsWith("53") ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE";
}
