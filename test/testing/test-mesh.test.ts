import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, op, resource, service } from "../../src/index.ts";
import { fake, testMesh } from "../../src/testing/index.ts";

const stock = contract("stock", {
  left: op({ output: z.object({ left: z.int() }) }),
  take: op({ output: z.object({ left: z.int() }) }),
});
const shelf = contract("shelf", {
  label: op({ output: z.object({ text: z.string() }) }),
  take: op({}),
});
const printer = resource("printer", () => "real printer");
const shelfService = service(shelf, async ({ use, handle }) => {
  const name = await use(printer);
  return handle({
    label: async (_, ctx) => ({
      text: `${(await ctx.client(stock).left()).left} left, by ${name}`,
    }),
    take: async (_, ctx) => {
      await ctx.client(stock).take();
    },
  });
});

test("a service is tested with fakes of what it calls and stand-ins for what it opens", async (t) => {
  const mesh = await testMesh({
    services: [shelfService],
    fakes: [fake(stock, { left: () => ({ left: 3 }) })],
    provide: [printer.with(() => "paper")],
  });
  t.after(() => mesh.close());
  assert.deepEqual(await mesh.client(shelf).label(), { text: "3 left, by paper" });
});

test("an operation that a fake leaves out says so", async (t) => {
  const mesh = await testMesh({ fakes: [fake(stock, {})] });
  t.after(() => mesh.close());
  await assert.rejects(mesh.client(stock).take(), /the fake of stock has no handler for take/);
});

test("a setup that fails ends everything that was started", async () => {
  const broken = service(shelf, () => {
    throw new Error("no shelf here");
  });
  await assert.rejects(testMesh({ services: [broken] }), /no shelf here/);
});
