import { test } from "node:test";
import { shopChaos } from "../support/shop-chaos.ts";

for (const mode of ["saga", "events"] as const) {
  test(`the shop under load while its processes are killed (${mode}): charges are purchases, stock is what was sold, nothing is left half done`, (context) =>
    shopChaos(mode, (line) => context.diagnostic(line)));
}
