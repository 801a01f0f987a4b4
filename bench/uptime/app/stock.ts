import { z } from "zod";
import { service } from "../../../src/index.ts";
import { stock } from "./contracts.ts";
import { openLedger } from "./ledger.ts";

export default service(stock, {
  env: { DURE_DATA: z.string() },
  setup({ env, handle }) {
    const note = openLedger(env.DURE_DATA);
    const by = String(process.pid);
    return handle({
      look({ id }) {
        note(`look ${id}`);
        return { id, by };
      },
      take({ id }) {
        note(`take ${id}`);
        return { id, by };
      },
    });
  },
});
