import { randomUUID } from "node:crypto";
import { service } from "dure";
import { checkout } from "../contracts/checkout.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";

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
  async setup({ env, onStop, handle }) {
    const { db, close } = await openDatabase<Tables>("checkout", env, {
      "1-payments": (on) =>
        on.schema
          .createTable("payments")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .addColumn("payment_id", "text", (column) => column.notNull())
          .addColumn("amount", "integer", (column) => column.notNull())
          .addColumn("state", "text", (column) => column.notNull())
          .execute(),
    });
    onStop(close);

    return handle({
      pay: async ({ purchaseId, amount, card }, ctx) => {
        const state = card === decliningCard ? ("declined" as const) : ("paid" as const);
        await db
          .insertInto("payments")
          .values({ purchase_id: purchaseId, payment_id: randomUUID(), amount, state })
          .onConflict((conflict) => conflict.column("purchase_id").doNothing())
          .execute();
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
      refund: async ({ purchaseId }) => {
        await db
          .insertInto("payments")
          .values({ purchase_id: purchaseId, payment_id: "", amount: 0, state: "refunded" })
          .onConflict((conflict) =>
            conflict.column("purchase_id").doUpdateSet({ state: "refunded" }),
          )
          .execute();
      },
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
