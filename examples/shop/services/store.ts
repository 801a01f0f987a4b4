import { setTimeout as pause } from "node:timers/promises";
import { type CallContext, DureError, service } from "dure";
import { carts } from "../contracts/carts.ts";
import { checkout } from "../contracts/checkout.ts";
import { products } from "../contracts/products.ts";
import { purchases } from "../contracts/purchases.ts";
import { search } from "../contracts/search.ts";
import { store } from "../contracts/store.ts";
import {
  CheckoutJournal,
  type CheckoutRow,
  type JournalTables,
} from "../parts/checkout-journal.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";
import { shopPage } from "../parts/page.ts";

const approvingCard = "4242424242424242";
const recoverMs = 1_000;
/** Of the caller's time, what is kept back to answer that somebody else is still at it. */
const answerMs = 500;

/** Anything that makes calls: a request's context, or the service itself. */
type Caller = Pick<CallContext, "client">;

export default service(store, {
  env: databaseEnv,
  async setup({ env, onStop, handle, client, signal, log }) {
    const { db, close } = await openDatabase<JournalTables>("store", env, {
      "1-checkouts": async (on) => {
        await on.schema
          .createTable("checkouts")
          .addColumn("member_id", "text", (column) => column.notNull())
          .addColumn("key", "text", (column) => column.notNull())
          .addColumn("purchase_id", "text", (column) => column.notNull().unique())
          .addColumn("body_hash", "text", (column) => column.notNull())
          .addColumn("state", "text", (column) => column.notNull())
          .addColumn("items", "text", (column) => column.notNull())
          .addColumn("total", "integer", (column) => column.notNull())
          .addColumn("card", "text", (column) => column.notNull())
          .addColumn("error", "text")
          .addColumn("at", "text", (column) => column.notNull())
          .addColumn("lease_until", "bigint", (column) => column.notNull())
          .addPrimaryKeyConstraint("checkouts_key", ["member_id", "key"])
          .execute();
      },
    });
    const journal = new CheckoutJournal(db);
    const recovering = recover(journal, { client }, signal, (reason) =>
      log.warn("a purchase is not finished yet", { reason }),
    );
    onStop(async () => {
      await recovering;
      await close();
    });

    return handle({
      cart: (_, ctx) => readCart(ctx),
      checkout: async (input, ctx) => {
        const intent = {
          memberId: ctx.principal?.subject ?? "",
          key: ctx.idempotencyKey ?? "",
          body: input,
        };
        let row = await journal.find(intent);
        if (!row) {
          const cart = await readCart(ctx);
          if (cart.items.length === 0) return ctx.fail("EmptyCart");
          const items = cart.items.map(({ product, quantity }) => ({
            productId: product.id,
            quantity,
            price: product.price,
          }));
          row = await journal.begin(intent, {
            items: JSON.stringify(items),
            total: cart.total,
            card: input.card ?? approvingCard,
          });
          if (row) row = await finish(journal, ctx, row);
        } else if (!journal.isSameBody(row, intent)) return ctx.fail("KeyReused");
        const settled =
          row?.state === "done" || row?.state === "failed"
            ? row
            : await journal.settled(intent, ctx.remainingMs() - answerMs);
        if (!settled) return ctx.fail("InProgress");
        if (settled.error === null)
          return { purchaseId: settled.purchase_id, total: settled.total };
        const { code, data } = JSON.parse(settled.error);
        return code === "OutOfStock" ? ctx.fail("OutOfStock", data) : ctx.fail("Declined");
      },
      page: (request, ctx) =>
        shopPage(new URL(request.url), {
          list: (input) => ctx.client(products).list(input),
          categories: () => ctx.client(products).categories(),
          find: (input) => ctx.client(search).find(input, { deadlineMs: 1_000 }),
        }),
    });
  },
});

async function readCart(ctx: Caller) {
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

/** Takes a purchase from where it is to its end. Throws where a step cannot be done now; the row says where to go on. */
async function finish(
  journal: CheckoutJournal,
  caller: Caller,
  started: CheckoutRow,
): Promise<CheckoutRow> {
  let row = started;
  const { purchase_id: purchaseId, member_id: memberId, total, at } = row;
  const items = JSON.parse(row.items) as { productId: number; quantity: number; price: number }[];
  const lines = items.map(({ productId, quantity }) => ({ productId, quantity }));
  while (row.state !== "done" && row.state !== "failed") {
    switch (row.state) {
      case "started": {
        const paid = await caller
          .client(checkout)
          .pay({ purchaseId, amount: total, card: row.card })
          .result();
        if (paid.ok) row = await journal.move(row, { state: "paid" });
        else if (paid.error.code === "Declined")
          row = await journal.move(row, { state: "failed", error: errorText("Declined") });
        else throw paid.error;
        break;
      }
      case "paid": {
        const taken = await caller.client(products).take({ purchaseId, items: lines }).result();
        if (taken.ok) row = await journal.move(row, { state: "taken" });
        else if (taken.error.code === "OutOfStock")
          row = await journal.move(row, {
            state: "undoing",
            error: errorText("OutOfStock", taken.error.data),
          });
        else throw taken.error;
        break;
      }
      case "undoing":
        await caller.client(products).release({ purchaseId });
        await caller.client(checkout).refund({ purchaseId });
        row = await journal.move(row, { state: "failed" });
        break;
      case "taken":
        await caller.client(carts).bought({ memberId, purchaseId, items: lines });
        row = await journal.move(row, { state: "emptied" });
        break;
      case "emptied":
        await caller.client(purchases).record({ purchaseId, memberId, items, total, at });
        row = await journal.move(row, { state: "done" });
        break;
    }
  }
  return row;
}

function errorText(code: string, data?: unknown): string {
  return JSON.stringify({ code, data });
}

/** Finishes what a process left behind when it died. */
async function recover(
  journal: CheckoutJournal,
  caller: Caller,
  signal: AbortSignal,
  onFailure: (reason: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    await pause(recoverMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      for (const row of await journal.takeAbandoned(10)) await finish(journal, caller, row);
    } catch (thrown) {
      onFailure(thrown instanceof DureError ? thrown.message : String(thrown));
    }
  }
}
