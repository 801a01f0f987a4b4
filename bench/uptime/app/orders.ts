import { z } from "zod";
import { service } from "../../../src/index.ts";
import { work } from "../work.ts";
import { orders, stock } from "./contracts.ts";
import { openLedger } from "./ledger.ts";

export default service(orders, {
  env: { DURE_DATA: z.string() },
  setup({ env, handle }) {
    const note = openLedger(env.DURE_DATA);
    return handle({
      show({ id }, ctx) {
        note(`show ${id}`);
        work();
        return ctx.client(stock).look({ id });
      },
      place({ id }, ctx) {
        note(`place ${id}`);
        work();
        return ctx.client(stock).take({ id });
      },
    });
  },
});
