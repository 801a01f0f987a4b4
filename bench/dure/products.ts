/** The messages of calls/messages.ts as a Dure contract and service: validated input, serialised output, nothing switched off. */
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { answer } from "../calls/messages.ts";

const Question = z.object({
  id: z.int(),
  member: z.string(),
  locale: z.string(),
  currency: z.string(),
  withStock: z.boolean(),
  warehouses: z.array(z.string()),
  page: z.object({ limit: z.int(), cursor: z.string() }),
});
const Answer = z.object({
  id: z.int(),
  name: z.string(),
  category: z.string(),
  price: z.number(),
  currency: z.string(),
  stock: z.int(),
  rating: z.number(),
  isListed: z.boolean(),
  tags: z.array(z.string()),
  description: z.string(),
  size: z.object({ widthMm: z.int(), heightMm: z.int(), depthMm: z.int() }),
  seller: z.object({ id: z.int(), name: z.string() }),
  addedAt: z.string(),
});

/** `get` is what the calls benchmark calls; `show` is what the edge benchmark asks for over HTTP, `kept` what it asks the cache for. */
export const products = contract("products", {
  get: op({ input: Question, output: Answer }),
  show: op({
    http: "GET /products/:id",
    auth: "public",
    input: z.object({ id: z.int() }),
    output: Answer,
  }),
  kept: op({
    http: "GET /kept/:id",
    auth: "public",
    input: z.object({ id: z.int() }),
    output: Answer,
    cache: { maxAgeS: 3_600 },
  }),
});

/** Its handlers. */
export const productsService = service(products, ({ handle }) =>
  handle({
    get: (question) => answer(question),
    show: ({ id }) => answer({ id, currency: "KRW" }),
    kept: ({ id }) => answer({ id, currency: "KRW" }),
  }),
);
