import { contract, event, op } from "dure";
import { z } from "zod";
import { Line, ProductId, Quantity } from "./schemas.ts";

export const carts = contract("carts", {
  put: op({
    http: "PUT /cart/items/:productId",
    summary: "Put a product into the cart, or change how many",
    input: z.object({ productId: ProductId, quantity: Quantity }),
    output: Line,
    errors: {
      NoSuchProduct: { status: 404, data: z.object({ id: ProductId }) },
      CartFull: { status: 409, data: z.object({ linesMax: z.int() }) },
    },
  }),
  remove: op({
    http: "DELETE /cart/items/:productId",
    summary: "Take a product out of the cart",
    input: z.object({ productId: ProductId }),
  }),
  /** The caller's own cart. */
  items: op({ idempotent: true, output: z.object({ items: z.array(Line) }) }),
  /** Takes out what was bought, once per purchase. */
  bought: op({
    idempotent: true,
    input: z.object({ memberId: z.string(), purchaseId: z.string(), items: z.array(Line) }),
  }),
  emptied: event(z.object({ purchaseId: z.string() }), { key: ({ purchaseId }) => purchaseId }),
});
