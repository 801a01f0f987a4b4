import { contract, event, op } from "dure";
import { z } from "zod";
import { Money, Order } from "./schemas.ts";

/** The payment module. Keyed by purchase: paying twice charges once, and a refund bars a late payment. */
export const checkout = contract("checkout", {
  pay: op({
    idempotent: true,
    input: z.object({
      purchaseId: z.string(),
      amount: Money,
      card: z.string(),
      /** What is bought, if others are to be told that it is paid. */
      order: Order.optional(),
    }),
    output: z.object({ paymentId: z.string() }),
    errors: { Declined: { status: 402 }, Refunded: { status: 409 } },
  }),
  refund: op({ idempotent: true, input: z.object({ purchaseId: z.string() }) }),
  /** Paid; those who have to do with it react. */
  purchased: event(Order, { key: ({ purchaseId }) => purchaseId }),
  /** What was charged and not given back, for audits. */
  charged: op({ idempotent: true, output: z.object({ count: z.int(), amount: z.int() }) }),
});
