import { type CallContext, service } from "dure";
import { openOutbox } from "dure/node";
import type { z } from "zod";
import { products } from "../contracts/products.ts";
import { purchases } from "../contracts/purchases.ts";
import type { Order } from "../contracts/schemas.ts";
import { databaseEnv, openDatabase, runnerOf } from "../parts/database.ts";

interface PurchaseRow {
  purchase_id: string;
  member_id: string;
  items: string;
  total: number;
  at: string;
}
interface Tables {
  purchases: PurchaseRow;
}

export default service(purchases, {
  env: databaseEnv,
  async setup(host) {
    const { env, onStop, handle, on } = host;
    const { db, sqlDatabase, close } = await openDatabase<Tables>("purchases", env, {
      "1-purchases": async (tables) => {
        await tables.schema
          .createTable("purchases")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .addColumn("member_id", "text", (column) => column.notNull())
          .addColumn("items", "text", (column) => column.notNull())
          .addColumn("total", "integer", (column) => column.notNull())
          .addColumn("at", "text", (column) => column.notNull())
          .execute();
        await tables.schema
          .createIndex("purchases_member")
          .on("purchases")
          .columns(["member_id", "at"])
          .execute();
      },
      "2-latest": async (tables) => {
        await tables.schema
          .createIndex("purchases_latest")
          .on("purchases")
          .columns(["at", "purchase_id"])
          .execute();
      },
    });
    onStop(close);
    const outbox = await openOutbox(host, sqlDatabase);
    /** Writes a purchase down, once, and tells of it. */
    const record = (order: z.infer<typeof Order>, ctx: CallContext) =>
      db.transaction().execute(async (tx) => {
        const { purchaseId, memberId, items, total, at } = order;
        const { numInsertedOrUpdatedRows } = await tx
          .insertInto("purchases")
          .values({
            purchase_id: purchaseId,
            member_id: memberId,
            items: JSON.stringify(items),
            total,
            at,
          })
          .onConflict((conflict) => conflict.column("purchase_id").doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows === 0n) return;
        await outbox.publish(runnerOf(tx), purchases.recorded, order, ctx);
      });
    /** The shop without a conductor: what is paid and taken is a purchase. */
    on(products.taken, record);

    return handle({
      list: async ({ limit = 50 }, ctx) => {
        const rows = await db
          .selectFrom("purchases")
          .selectAll()
          .where("member_id", "=", ctx.principal?.subject ?? "")
          .orderBy("at", "desc")
          .limit(limit)
          .execute();
        return { items: rows.map(orderOf) };
      },
      orders: async ({ limit = 50, cursor }) => {
        const [at = "", purchaseId = ""] = cursor?.split("~") ?? [];
        let query = db.selectFrom("purchases").selectAll();
        if (cursor !== undefined)
          query = query.where(({ eb, refTuple, tuple }) =>
            eb(refTuple("at", "purchase_id"), "<", tuple(at, purchaseId)),
          );
        const rows = await query
          .orderBy("at", "desc")
          .orderBy("purchase_id", "desc")
          .limit(limit + 1)
          .execute();
        const items = rows.slice(0, limit).map(orderOf);
        const last = items.at(-1);
        const next = rows.length > limit && last ? `${last.at}~${last.purchaseId}` : null;
        return { items, next };
      },
      record,
    });
  },
});

function orderOf({ purchase_id, member_id, items, total, at }: PurchaseRow): z.infer<typeof Order> {
  return { purchaseId: purchase_id, memberId: member_id, items: JSON.parse(items), total, at };
}
