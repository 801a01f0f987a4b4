import { contract, event, op, sagaOperations } from "dure";
import { z } from "zod";
import { Money, Order, Product, ProductId, Quantity } from "./schemas.ts";

export const store = contract("store", {
  cart: op({
    http: "GET /cart",
    summary: "One's own cart, with its products",
    output: z.object({
      items: z.array(z.object({ product: Product, quantity: Quantity })),
      total: Money,
    }),
  }),
  checkout: op({
    http: "POST /checkout",
    status: 201,
    idempotency: "required",
    idempotent: true,
    deadlineMs: 10_000,
    summary: "Buy what is in the cart",
    input: z.object({
      card: z
        .string()
        .regex(/^\d{12,19}$/, "must be a card number")
        .optional(),
    }),
    output: z.object({ purchaseId: z.string(), total: Money }),
    errors: {
      EmptyCart: { status: 409 },
      OutOfStock: { status: 409, data: z.object({ productId: ProductId }) },
      Declined: { status: 402 },
      KeyReused: { status: 422 },
      InProgress: { status: 409 },
    },
  }),
  /** Somebody wants to buy: for the shop without a conductor. */
  placed: event(Order, { key: ({ purchaseId }) => purchaseId }),
  ...sagaOperations(),
});
