/**
 * Effects that happen once: what has been done for an event or a request is remembered in the same transaction as the effect. An event
 * that comes again, or a request with the same `Idempotency-Key`, finds it.
 */
import { createHash } from "node:crypto";
import { idempotencyKeyReused } from "../../http/index.ts";
import { DureError, every, wallTime } from "../../kit/index.ts";
import type { KeyedRequest } from "./keyed-request.ts";
import type { OutboxHost } from "./outbox.ts";
import { createTables, inDialect, type SqlDatabase, type SqlRunner } from "./sql-database.ts";

/** What {@link openInbox} takes beside the database. */
export interface InboxOptions {
  /** How long it is remembered, in days. Default 30: longer than any log keeps events and any client retries. */
  readonly keepDays?: number;
}

/** Remembers what has been done. */
export interface Inbox {
  /**
   * Whether `key` is new within `scope`; from then on it is not, if the transaction commits. For events: the group's name and
   * `ctx.idempotencyKey`.
   */
  isNew(transaction: SqlRunner, scope: string, key: string): Promise<boolean>;
  /**
   * The answer to a request: that of `work`, or, for a key that has been answered before, the same answer again. A request whose key is
   * being worked on waits for that. Rejects with ALREADY_EXISTS, over HTTP 422, where the key comes with another input. What `work`
   * rejects with is not kept: it is rolled back, and the next request with the key tries again.
   */
  answerOnce<Answer>(
    transaction: SqlRunner,
    request: KeyedRequest,
    work: () => Promise<Answer>,
  ): Promise<Answer>;
}

const cleanEveryMs = 3_600_000;
const dayMs = 24 * 3_600_000;

/** Makes the table if it is missing. */
export async function openInbox(
  host: OutboxHost,
  database: SqlDatabase,
  { keepDays = 30 }: InboxOptions = {},
): Promise<Inbox> {
  await createTables(database, [table]);
  const clean = every(cleanEveryMs, () => {
    const statement = inDialect(database, "delete from dure_inbox where at < ?");
    database
      .run(statement, [Math.floor(wallTime() - keepDays * dayMs)])
      .catch((error: Error) =>
        host.log.warn("the inbox could not be cleaned", { reason: error.message }),
      );
  });
  host.onStop(() => clean.cancel());
  const insert = inDialect(
    database,
    "insert into dure_inbox (scope, message, at, input_hash, answer) values (?, ?, ?, ?, ?) on conflict do nothing returning scope",
  );
  const find = inDialect(
    database,
    "select input_hash, answer from dure_inbox where scope = ? and message = ?",
  );
  const finish = inDialect(
    database,
    "update dure_inbox set answer = ? where scope = ? and message = ?",
  );
  return {
    async isNew(transaction, scope, key) {
      const rows = await transaction(insert, [scope, key, Math.floor(wallTime()), "", ""]);
      return rows.length > 0;
    },
    async answerOnce<Answer>(
      transaction: SqlRunner,
      { scope, key, input }: KeyedRequest,
      work: () => Promise<Answer>,
    ) {
      const hash = createHash("sha256").update(JSON.stringify(input)).digest("base64");
      const inserted = await transaction(insert, [scope, key, Math.floor(wallTime()), hash, ""]);
      if (inserted.length > 0) {
        const answer = await work();
        await transaction(finish, [JSON.stringify(answer ?? null), scope, key]);
        return answer;
      }
      const [known] = await transaction(find, [scope, key]);
      if (known?.input_hash !== hash)
        throw new DureError(
          "ALREADY_EXISTS",
          `the idempotency key "${key}" was used with another input; take a new one for each intent`,
          { details: { reason: idempotencyKeyReused } },
        );
      return JSON.parse(String(known.answer)) as Answer;
    },
  };
}

const table =
  "create table if not exists dure_inbox (scope text not null, message text not null, at bigint not null, input_hash text not null, answer text not null, primary key (scope, message))";
