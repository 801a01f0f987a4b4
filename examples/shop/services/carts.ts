import { service } from "dure";
import { openOutbox } from "dure/node";
import { type Kysely, sql, type Transaction } from "kysely";
import { carts } from "../contracts/carts.ts";
import { products } from "../contracts/products.ts";
import { databaseEnv, openDatabase, runnerOf } from "../parts/database.ts";

interface Tables {
  lines: { member_id: string; product_id: number; quantity: number };
  bought: { purchase_id: string };
}

const linesMax = 100;

export default service(carts, {
  env: databaseEnv,
  async setup(host) {
    const { env, onStop, handle, on } = host;
    const { db, sqlDatabase, close } = await openDatabase<Tables>("carts", env, {
      "1-lines": async (tables: Kysely<any>) => {
        await tables.schema
          .createTable("lines")
          .addColumn("member_id", "text", (column) => column.notNull())
          .addColumn("product_id", "integer", (column) => column.notNull())
          .addColumn("quantity", "integer", (column) => column.notNull())
          .addPrimaryKeyConstraint("lines_key", ["member_id", "product_id"])
          .execute();
        await tables.schema
          .createTable("bought")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .execute();
      },
    });
    onStop(close);
    const outbox = await openOutbox(host, sqlDatabase);
    /** The shop without a conductor: what was bought is no longer wanted. */
    on(products.taken, (order, ctx) =>
      db.transaction().execute(async (tx) => {
        if (!(await takeOut(tx, order))) return;
        const { purchaseId } = order;
        await outbox.publish(runnerOf(tx), carts.emptied, { purchaseId }, ctx);
      }),
    );

    return handle({
      put: async ({ productId, quantity }, ctx) => {
        const memberId = ctx.principal?.subject ?? "";
        const found = await ctx.client(products).get({ id: productId }).result();
        if (!found.ok) {
          if (found.error.code === "NoSuchProduct")
            return ctx.fail("NoSuchProduct", { id: productId });
          throw found.error;
        }
        const others = await db
          .selectFrom("lines")
          .select(db.fn.countAll<number>().as("count"))
          .where("member_id", "=", memberId)
          .where("product_id", "!=", productId)
          .executeTakeFirstOrThrow();
        if (Number(others.count) >= linesMax) return ctx.fail("CartFull", { linesMax });
        await db
          .insertInto("lines")
          .values({ member_id: memberId, product_id: productId, quantity })
          .onConflict((conflict) =>
            conflict.columns(["member_id", "product_id"]).doUpdateSet({ quantity }),
          )
          .execute();
        return { productId, quantity };
      },
      remove: async ({ productId }, ctx) => {
        const memberId = ctx.principal?.subject ?? "";
        await db
          .deleteFrom("lines")
          .where("member_id", "=", memberId)
          .where("product_id", "=", productId)
          .execute();
      },
      items: async (_, ctx) => {
        const rows = await db
          .selectFrom("lines")
          .select(["product_id as productId", "quantity"])
          .where("member_id", "=", ctx.principal?.subject ?? "")
          .orderBy("product_id")
          .execute();
        return { items: rows };
      },
      bought: (order) => db.transaction().execute(async (tx) => void (await takeOut(tx, order))),
    });
  },
});

/** Takes out what was bought, once for each purchase; false if it was done before. */
async function takeOut(
  tx: Transaction<Tables>,
  order: {
    readonly memberId: string;
    readonly purchaseId: string;
    readonly items: readonly { productId: number; quantity: number }[];
  },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto("bought")
    .values({ purchase_id: order.purchaseId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) return false;
  for (const { productId, quantity } of order.items) {
    const line = tx
      .updateTable("lines")
      .where("member_id", "=", order.memberId)
      .where("product_id", "=", productId);
    await line.set({ quantity: sql`quantity - ${quantity}` }).execute();
  }
  await tx
    .deleteFrom("lines")
    .where("member_id", "=", order.memberId)
    .where("quantity", "<=", 0)
    .execute();
  return true;
}
