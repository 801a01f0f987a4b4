/**
 * A purchase as a row that moves from step to step, so that it ends whatever dies on the way:
 *
 *   started -> paid -> taken -> emptied -> done
 *      |         |
 *      +---------+--> undoing -> failed          (declined, or out of stock: stock and money go back)
 *
 * Every step is keyed by the purchase, so doing one twice does it once. A row is worked on by one process at a time, by lease.
 */
import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Kysely } from "kysely";

/** The table. */
export interface CheckoutRow {
  member_id: string;
  key: string;
  purchase_id: string;
  body_hash: string;
  state: "started" | "paid" | "taken" | "emptied" | "done" | "undoing" | "failed";
  items: string;
  total: number;
  card: string;
  /** A contract error as `{ code, data }`, once it has failed. */
  error: string | null;
  at: string;
  lease_until: number;
}

export interface JournalTables {
  checkouts: CheckoutRow;
}

/** What one intent to buy is made of. */
export interface Intent {
  readonly memberId: string;
  readonly key: string;
  readonly body: unknown;
}

const leaseMs = 15_000;
const pollMs = 25;

export class CheckoutJournal {
  readonly #db: Kysely<JournalTables>;

  constructor(db: Kysely<JournalTables>) {
    this.#db = db;
  }

  /** The row of an intent, if the key was used before. */
  async find({ memberId, key }: Intent): Promise<CheckoutRow | undefined> {
    return this.#db
      .selectFrom("checkouts")
      .selectAll()
      .where("member_id", "=", memberId)
      .where("key", "=", key)
      .executeTakeFirst();
  }

  isSameBody(row: CheckoutRow, { body }: Intent): boolean {
    return row.body_hash === hashOf(body);
  }

  /** Writes an intent down; undefined if somebody else was first with the same key. */
  async begin(
    intent: Intent,
    what: Pick<CheckoutRow, "items" | "total" | "card">,
  ): Promise<CheckoutRow | undefined> {
    return this.#db
      .insertInto("checkouts")
      .values({
        member_id: intent.memberId,
        key: intent.key,
        purchase_id: randomUUID(),
        body_hash: hashOf(intent.body),
        state: "started",
        error: null,
        at: new Date().toISOString(),
        lease_until: Date.now() + leaseMs,
        ...what,
      })
      .onConflict((conflict) => conflict.columns(["member_id", "key"]).doNothing())
      .returningAll()
      .executeTakeFirst();
  }

  /** Moves a row on. The card is forgotten as soon as it is not needed. */
  async move(
    row: CheckoutRow,
    change: Partial<Pick<CheckoutRow, "state" | "error">>,
  ): Promise<CheckoutRow> {
    const next = {
      ...change,
      card: change.state === "started" ? row.card : "",
      lease_until: Date.now() + leaseMs,
    };
    await this.#db
      .updateTable("checkouts")
      .set(next)
      .where("purchase_id", "=", row.purchase_id)
      .execute();
    return { ...row, ...next };
  }

  /** Rows that nobody works on, each leased to the caller. */
  async takeAbandoned(limit: number): Promise<CheckoutRow[]> {
    const now = Date.now();
    const rows = await this.#db
      .selectFrom("checkouts")
      .selectAll()
      .where("state", "not in", ["done", "failed"])
      .where("lease_until", "<", now)
      .limit(limit)
      .execute();
    const taken: CheckoutRow[] = [];
    for (const row of rows) {
      const { numUpdatedRows } = await this.#db
        .updateTable("checkouts")
        .set({ lease_until: now + leaseMs })
        .where("purchase_id", "=", row.purchase_id)
        .where("lease_until", "=", row.lease_until)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) taken.push(row);
    }
    return taken;
  }

  /** Waits until whoever works on the intent is done with it; undefined when the time is over. */
  async settled(intent: Intent, waitMs: number): Promise<CheckoutRow | undefined> {
    const giveUpAt = Date.now() + waitMs;
    for (;;) {
      const row = await this.find(intent);
      if (row?.state === "done" || row?.state === "failed") return row;
      if (Date.now() >= giveUpAt) return undefined;
      await pause(pollMs);
    }
  }
}

function hashOf(body: unknown): string {
  return createHash("sha256").update(JSON.stringify(body)).digest("hex");
}
