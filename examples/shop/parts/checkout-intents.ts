/**
 * What members want to buy, one row for each intent: a member and an `Idempotency-Key`. The purchase itself is the business of a saga,
 * or of the services that react to each other's events; here is written what came of it.
 */
import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Kysely, Transaction } from "kysely";

/** The table. */
export interface IntentRow {
  member_id: string;
  key: string;
  purchase_id: string;
  body_hash: string;
  items: string;
  total: number;
  /** Forgotten as soon as it is not needed. */
  card: string;
  /** A contract error as `{ code, data }`, once it has failed. */
  error: string | null;
  /** What is still to be done before it has succeeded: of `carts` and `purchases`, as a list. */
  missing: string;
  at: string;
}

export interface IntentTables {
  intents: IntentRow;
}

/** What one intent to buy is made of. */
export interface Intent {
  readonly memberId: string;
  readonly key: string;
  readonly body: unknown;
}

const pollMs = 20;

export class CheckoutIntents {
  readonly #db: Kysely<IntentTables>;

  constructor(db: Kysely<IntentTables>) {
    this.#db = db;
  }

  /** The row of an intent, if the key was used before. */
  find({ memberId, key }: Intent): Promise<IntentRow | undefined> {
    return this.#db
      .selectFrom("intents")
      .selectAll()
      .where("member_id", "=", memberId)
      .where("key", "=", key)
      .executeTakeFirst();
  }

  async cardOf(purchaseId: string): Promise<string> {
    const { card } = await this.#db
      .selectFrom("intents")
      .select("card")
      .where("purchase_id", "=", purchaseId)
      .executeTakeFirstOrThrow();
    return card;
  }

  isSameBody(row: IntentRow, { body }: Intent): boolean {
    return row.body_hash === hashOf(body);
  }

  /** Writes an intent down; undefined if somebody else was first with the same key. */
  begin(
    tx: Transaction<IntentTables>,
    intent: Intent,
    what: Pick<IntentRow, "items" | "total" | "card">,
  ): Promise<IntentRow | undefined> {
    return tx
      .insertInto("intents")
      .values({
        member_id: intent.memberId,
        key: intent.key,
        purchase_id: randomUUID(),
        body_hash: hashOf(intent.body),
        error: null,
        missing: "carts purchases",
        at: new Date().toISOString(),
        ...what,
      })
      .onConflict((conflict) => conflict.columns(["member_id", "key"]).doNothing())
      .returningAll()
      .executeTakeFirst();
  }

  async forgetCard(purchaseId: string): Promise<void> {
    await this.#db
      .updateTable("intents")
      .set({ card: "" })
      .where("purchase_id", "=", purchaseId)
      .execute();
  }

  /** One of the services that have to do with it is done. */
  async done(purchaseId: string, service: "carts" | "purchases"): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const own = tx.updateTable("intents").where("purchase_id", "=", purchaseId);
      // Takes the write lock before looking, on either engine.
      const row = await own.set({ card: "" }).returning("missing").executeTakeFirst();
      const missing = (row?.missing ?? "").split(" ").filter((name) => name !== service);
      await own.set({ missing: missing.join(" ") }).execute();
    });
  }

  async fail(purchaseId: string, code: string, data?: unknown): Promise<void> {
    await this.#db
      .updateTable("intents")
      .set({ error: JSON.stringify({ code, data }), card: "" })
      .where("purchase_id", "=", purchaseId)
      .execute();
  }

  /** Waits until it has succeeded or failed; undefined when the time is over. */
  async settled(intent: Intent, waitMs: number): Promise<IntentRow | undefined> {
    const giveUpAt = Date.now() + waitMs;
    for (;;) {
      const row = await this.find(intent);
      if (row && (row.missing === "" || row.error !== null)) return row;
      if (Date.now() >= giveUpAt) return undefined;
      await pause(pollMs);
    }
  }
}

function hashOf(body: unknown): string {
  return createHash("sha256").update(JSON.stringify(body)).digest("hex");
}
