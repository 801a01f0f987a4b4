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
  orders: op({
    http: "GET /orders",
    scopes: ["orders:read"],
    summary: "Everybody's purchases, latest first",
    input: z.object({
      limit: z.int().min(1).max(100).optional(),
      /** The `next` of the page before. */
      cursor: z.string().max(200).optional(),
    }),
    output: z.object({ items: z.array(Order), next: z.string().nullable() }),
  }),
  /** Records a purchase, once. */
  record: op({ idempotent: true, input: Order }),
  /** A purchase is done. */
  recorded: event(Order, { key: ({ purchaseId }) => purchaseId }),
});
