import { service } from "dure";
import { purchases } from "../contracts/purchases.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";

interface Tables {
  purchases: { purchase_id: string; member_id: string; items: string; total: number; at: string };
}

export default service(purchases, {
  env: databaseEnv,
  async setup({ env, onStop, handle }) {
    const { db, close } = await openDatabase<Tables>("purchases", env, {
      "1-purchases": async (on) => {
        await on.schema
          .createTable("purchases")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .addColumn("member_id", "text", (column) => column.notNull())
          .addColumn("items", "text", (column) => column.notNull())
          .addColumn("total", "integer", (column) => column.notNull())
          .addColumn("at", "text", (column) => column.notNull())
          .execute();
        await on.schema
          .createIndex("purchases_member")
          .on("purchases")
          .columns(["member_id", "at"])
          .execute();
      },
    });
    onStop(close);

    return handle({
      list: async ({ limit = 50 }, ctx) => {
        const rows = await db
          .selectFrom("purchases")
          .selectAll()
          .where("member_id", "=", ctx.principal?.subject ?? "")
          .orderBy("at", "desc")
          .limit(limit)
          .execute();
        return {
          items: rows.map(({ purchase_id, items, total, at }) => ({
            purchaseId: purchase_id,
            items: JSON.parse(items),
            total,
            at,
          })),
        };
      },
      record: async ({ purchaseId, memberId, items, total, at }) => {
        await db
          .insertInto("purchases")
          .values({
            purchase_id: purchaseId,
            member_id: memberId,
            items: JSON.stringify(items),
            total,
            at,
          })
          .onConflict((conflict) => conflict.column("purchase_id").doNothing())
          .execute();
      },
    });
  },
});
