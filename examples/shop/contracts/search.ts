import { contract, op } from "dure";
import { z } from "zod";
import { Product } from "./schemas.ts";

export const search = contract("search", {
  find: op({
    http: "GET /search",
    auth: "public",
    summary: "Products whose name, category or description holds every word",
    input: z.object({ q: z.string().min(1).max(200), limit: z.int().min(1).max(100).optional() }),
    output: z.object({ items: z.array(Product) }),
  }),
  bestsellers: op({
    http: "GET /bestsellers",
    auth: "public",
    summary: "What sells most",
    input: z.object({ limit: z.int().min(1).max(100).optional() }),
    output: z.object({ items: z.array(z.object({ product: Product, sold: z.int() })) }),
  }),
});
