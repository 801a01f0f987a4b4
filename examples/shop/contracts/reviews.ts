import { contract, op } from "dure";
import { z } from "zod";
import { ProductId } from "./schemas.ts";

const Stars = z.int().min(1).max(5);
const Text = z.string().min(1).max(2_000);

/** What the program in Python offers, for callers over HTTP: nobody implements this contract in TypeScript. */
export const reviews = contract("reviews", {
  list: op({
    http: "GET /reviews",
    auth: "public",
    input: z.object({ productId: ProductId }),
    output: z.object({ items: z.array(z.object({ stars: Stars, text: Text, at: z.string() })) }),
  }),
  /** One for each product and member; a second one replaces it. */
  write: op({
    http: "POST /reviews",
    status: 201,
    input: z.object({ productId: ProductId, stars: Stars, text: Text }),
    output: z.object({ productId: ProductId, stars: Stars, text: Text }),
  }),
});
