import { randomUUID } from "node:crypto";
import { service } from "dure";
import { openOutbox } from "dure/node";
import { checkout } from "../contracts/checkout.ts";
import { products } from "../contracts/products.ts";
import { databaseEnv, openDatabase, runnerOf } from "../parts/database.ts";

interface Tables {
  payments: {
    purchase_id: string;
    payment_id: string;
    amount: number;
    state: "paid" | "declined" | "refunded";
  };
}

/** The card number that payment providers' sandboxes decline (Stripe's documentation, "Testing"). */
const decliningCard = "4000000000000002";

export default service(checkout, {
  env: databaseEnv,
  async setup(host) {
    const { env, onStop, handle, on } = host;
    const { db, sqlDatabase, close } = await openDatabase<Tables>("checkout", env, {
      "1-payments": (tables) =>
        tables.schema
          .createTable("payments")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .addColumn("payment_id", "text", (column) => column.notNull())
          .addColumn("amount", "integer", (column) => column.notNull())
          .addColumn("state", "text", (column) => column.notNull())
          .execute(),
    });
    onStop(close);
    const outbox = await openOutbox(host, sqlDatabase);
    const refund = async (purchaseId: string) => {
      await db
        .insertInto("payments")
        .values({ purchase_id: purchaseId, payment_id: "", amount: 0, state: "refunded" })
        .onConflict((conflict) => conflict.column("purchase_id").doUpdateSet({ state: "refunded" }))
        .execute();
    };
    /** The shop without a conductor: what cannot be delivered is paid back. */
    on(products.shortage, ({ purchaseId }) => refund(purchaseId));

    return handle({
      pay: async ({ purchaseId, amount, card, order }, ctx) => {
        const state = card === decliningCard ? ("declined" as const) : ("paid" as const);
        await db.transaction().execute(async (tx) => {
          const { numInsertedOrUpdatedRows } = await tx
            .insertInto("payments")
            .values({ purchase_id: purchaseId, payment_id: randomUUID(), amount, state })
            .onConflict((conflict) => conflict.column("purchase_id").doNothing())
            .executeTakeFirst();
          const isFirst = (numInsertedOrUpdatedRows ?? 0n) > 0n;
          if (isFirst && order && state === "paid")
            await outbox.publish(runnerOf(tx), checkout.purchased, order, ctx);
        });
        // Whoever came first decided; a second attempt learns what came of the first.
        const payment = await db
          .selectFrom("payments")
          .selectAll()
          .where("purchase_id", "=", purchaseId)
          .executeTakeFirstOrThrow();
        if (payment.state === "declined") return ctx.fail("Declined");
        if (payment.state === "refunded") return ctx.fail("Refunded");
        return { paymentId: payment.payment_id };
      },
      refund: ({ purchaseId }) => refund(purchaseId),
      charged: async () => {
        const { count, amount } = await db
          .selectFrom("payments")
          .select([
            db.fn.countAll<number>().as("count"),
            db.fn.sum<number | null>("amount").as("amount"),
          ])
          .where("state", "=", "paid")
          .executeTakeFirstOrThrow();
        return { count: Number(count), amount: Number(amount ?? 0) };
      },
    });
  },
});
