import { contract, op } from "dure";
import { z } from "zod";
import { Money } from "./schemas.ts";

/** The payment module. Keyed by purchase: paying twice charges once, and a refund bars a late payment. */
export const checkout = contract("checkout", {
  pay: op({
    idempotent: true,
    input: z.object({ purchaseId: z.string(), amount: Money, card: z.string() }),
    output: z.object({ paymentId: z.string() }),
    errors: { Declined: { status: 402 }, Refunded: { status: 409 } },
  }),
  refund: op({ idempotent: true, input: z.object({ purchaseId: z.string() }) }),
  /** What was charged and not given back, for audits. */
  charged: op({ idempotent: true, output: z.object({ count: z.int(), amount: z.int() }) }),
});
