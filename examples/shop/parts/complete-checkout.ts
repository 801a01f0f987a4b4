import { ContractError } from "dure";
import { type Saga, saga } from "dure/node";
import type { z } from "zod";
import { carts } from "../contracts/carts.ts";
import { checkout } from "../contracts/checkout.ts";
import { products } from "../contracts/products.ts";
import { purchases } from "../contracts/purchases.ts";
import type { Order } from "../contracts/schemas.ts";
import type { CheckoutIntents } from "./checkout-intents.ts";

/** The purchase with a conductor: one place says what happens in which order, and what is undone when stock runs out. */
export function completeCheckout(intents: CheckoutIntents): Saga<z.infer<typeof Order>, void> {
  return saga("completeCheckout", async (s, order) => {
    const { purchaseId, total: amount } = order;
    const lines = order.items.map(({ productId, quantity }) => ({ productId, quantity }));
    try {
      await s.step("pay", {
        run: async (ctx) => {
          const card = await intents.cardOf(purchaseId);
          await ctx.client(checkout).pay({ purchaseId, amount, card });
        },
        compensate: (_, ctx) => ctx.client(checkout).refund({ purchaseId }),
      });
      await s.step("take stock", {
        run: (ctx) => ctx.client(products).take({ purchaseId, items: lines }),
        compensate: (_, ctx) => ctx.client(products).release({ purchaseId }),
      });
    } catch (thrown) {
      if (!(thrown instanceof ContractError)) throw thrown;
      const { code, data } = thrown;
      // Told once the money and the stock are back where they were.
      await s.step("give up", {
        run: () => {},
        compensate: () => intents.fail(purchaseId, code, data),
      });
      throw thrown;
    }
    await s.step("empty cart", {
      run: async (ctx) => {
        const { memberId } = order;
        await ctx.client(carts).bought({ memberId, purchaseId, items: lines });
        await intents.done(purchaseId, "carts");
      },
      attempts: 1_000,
    });
    await s.step("record purchase", {
      run: async (ctx) => {
        await ctx.client(purchases).record(order);
        await intents.done(purchaseId, "purchases");
      },
      attempts: 1_000,
    });
  });
}
