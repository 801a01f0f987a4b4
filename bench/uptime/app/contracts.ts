import { z } from "zod";
import { contract, op } from "../../../src/index.ts";

const Question = z.object({ id: z.string() });
const Answer = z.object({ id: z.string(), by: z.string() });

/** What the load asks for: a read and a write, each of which asks the stock. */
export const orders = contract("orders", {
  show: op({ http: "GET /orders/:id", auth: "public", input: Question, output: Answer }),
  place: op({ http: "POST /orders", auth: "public", input: Question, output: Answer }),
});

export const stock = contract("stock", {
  look: op({ idempotent: true, input: Question, output: Answer }),
  take: op({ input: Question, output: Answer }),
});
