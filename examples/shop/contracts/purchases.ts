import { contract, event, op } from "dure";
import { z } from "zod";
import { Order, Purchase } from "./schemas.ts";

export const purchases = contract("purchases", {
  list: op({
    http: "GET /purchases",
    summary: "One's own purchases, latest first",
    input: z.object({ limit: z.int().min(1).max(1_000).optional() }),
    output: z.object({ items: z.array(Purchase) }),
  }),
  /** Records a purchase, once. */
  record: op({ idempotent: true, input: Order }),
  /** A purchase is done. */
  recorded: event(Order, { key: ({ purchaseId }) => purchaseId }),
});
