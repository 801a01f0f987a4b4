import { type CallContext, service } from "dure";
import { openOutbox, openSagas } from "dure/node";
import { z } from "zod";
import { carts } from "../contracts/carts.ts";
import { checkout } from "../contracts/checkout.ts";
import { products } from "../contracts/products.ts";
import { purchases } from "../contracts/purchases.ts";
import type { Order } from "../contracts/schemas.ts";
import { store } from "../contracts/store.ts";
import { CheckoutIntents, type IntentRow, type IntentTables } from "../parts/checkout-intents.ts";
import { completeCheckout } from "../parts/complete-checkout.ts";
import { databaseEnv, openDatabase, runnerOf } from "../parts/database.ts";

const approvingCard = "4242424242424242";
/** Of the caller's time, what is kept back to answer that somebody else is still at it. */
const answerMs = 500;

export default service(store, {
  env: {
    ...databaseEnv,
    /** Who sees a purchase through: a saga, or the services by reacting to each other's events. */
    SHOP_CHECKOUT: z.enum(["saga", "events"]).default("saga"),
  },
  async setup(host) {
    const { env, on, onStop, handle } = host;
    const { db, sqlDatabase, close } = await openDatabase<IntentTables>("store", env, {
      "2-intents": async (tables) => {
        await tables.schema
          .createTable("intents")
          .addColumn("member_id", "text", (column) => column.notNull())
          .addColumn("key", "text", (column) => column.notNull())
          .addColumn("purchase_id", "text", (column) => column.notNull().unique())
          .addColumn("body_hash", "text", (column) => column.notNull())
          .addColumn("items", "text", (column) => column.notNull())
          .addColumn("total", "integer", (column) => column.notNull())
          .addColumn("card", "text", (column) => column.notNull())
          .addColumn("error", "text")
          .addColumn("missing", "text", (column) => column.notNull())
          .addColumn("at", "text", (column) => column.notNull())
          .addPrimaryKeyConstraint("intents_key", ["member_id", "key"])
          .execute();
      },
    });
    onStop(close);
    const intents = new CheckoutIntents(db);
    const conducted = completeCheckout(intents);
    const sagas = await openSagas(host, sqlDatabase, [conducted]);
    const outbox = await openOutbox(host, sqlDatabase);

    // Without a conductor: the purchase begins when it is placed, and this service watches how it goes.
    on(store.placed, async (order, ctx) => {
      const { purchaseId, total: amount } = order;
      const card = await intents.cardOf(purchaseId);
      if (card === "") return;
      const paid = await ctx.client(checkout).pay({ purchaseId, amount, card, order }).result();
      if (paid.ok) await intents.forgetCard(purchaseId);
      else if (paid.error.code === "Declined") await intents.fail(purchaseId, "Declined");
      else throw paid.error;
    });
    on(products.shortage, ({ purchaseId, productId }) =>
      intents.fail(purchaseId, "OutOfStock", { productId }),
    );
    on(carts.emptied, ({ purchaseId }) => intents.done(purchaseId, "carts"));
    on(purchases.recorded, ({ purchaseId }) => intents.done(purchaseId, "purchases"));

    const begin = (row: IntentRow, ctx: CallContext, tx: Parameters<typeof runnerOf>[0]) => {
      const order = orderOf(row);
      return env.SHOP_CHECKOUT === "saga"
        ? sagas.start(
            runnerOf(tx),
            conducted,
            { id: row.purchase_id, traceparent: ctx.traceparent, tracestate: ctx.tracestate },
            order,
          )
        : outbox.publish(runnerOf(tx), store.placed, order, ctx);
    };
    return handle({
      ...sagas.handlers,
      cart: (_, ctx) => readCart(ctx),
      checkout: async (input, ctx) => {
        const intent = {
          memberId: ctx.principal?.subject ?? "",
          key: ctx.idempotencyKey ?? "",
          body: input,
        };
        let known = await intents.find(intent);
        const cart = known ? undefined : await readCart(ctx);
        // Empty because this very purchase has just been made, under the same key?
        if (cart?.items.length === 0) known = await intents.find(intent);
        if (cart && !known) {
          if (cart.items.length === 0) return ctx.fail("EmptyCart");
          const items = cart.items.map(({ product, quantity }) => ({
            productId: product.id,
            quantity,
            price: product.price,
          }));
          await db.transaction().execute(async (tx) => {
            const row = await intents.begin(tx, intent, {
              items: JSON.stringify(items),
              total: cart.total,
              card: input.card ?? approvingCard,
            });
            if (row) await begin(row, ctx, tx);
          });
        } else if (known && !intents.isSameBody(known, intent)) return ctx.fail("KeyReused");
        const settled = await intents.settled(intent, ctx.remainingMs() - answerMs);
        if (!settled) return ctx.fail("InProgress");
        if (settled.error === null)
          return { purchaseId: settled.purchase_id, total: settled.total };
        const { code, data } = JSON.parse(settled.error);
        return code === "OutOfStock" ? ctx.fail("OutOfStock", data) : ctx.fail("Declined");
      },
    });
  },
});

function orderOf(row: IntentRow): z.infer<typeof Order> {
  const { purchase_id: purchaseId, member_id: memberId, items, total, at } = row;
  return { purchaseId, memberId, items: JSON.parse(items), total, at };
}

async function readCart(ctx: Pick<CallContext, "client">) {
  const { items } = await ctx.client(carts).items();
  const { items: found } = await ctx
    .client(products)
    .pick({ ids: items.map(({ productId }) => productId) });
  const byId = new Map(found.map((product) => [product.id, product]));
  const lines = items.flatMap(({ productId, quantity }) => {
    const product = byId.get(productId);
    return product ? [{ product, quantity }] : [];
  });
  return {
    items: lines,
    total: lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0),
  };
}
