import { z } from "zod";
import { contract, event } from "../../../src/index.ts";

/** What both sides of the effects' test know. */
export const paid = contract("paid", {
  done: event(z.object({ n: z.int() }), { key: ({ n }) => String(n % 10) }),
});
