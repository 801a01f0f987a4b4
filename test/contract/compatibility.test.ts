import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contractMisfits, describe as descriptionOf } from "../../src/contract/index.ts";
import { contract, op, stream } from "../../src/index.ts";

const Product = z.object({ id: z.int(), name: z.string(), price: z.int().min(0) });
const misfitsOf = (before: Parameters<typeof op>[0], after: Parameters<typeof op>[0]) =>
  contractMisfits(
    descriptionOf(contract("shop", { get: op(before as never) })),
    descriptionOf(contract("shop", { get: op(after as never) })),
  );
const input = (before: z.ZodType, after: z.ZodType) =>
  misfitsOf({ input: before as never }, { input: after as never });
const output = (before: z.ZodType, after: z.ZodType) =>
  misfitsOf({ output: before as never }, { output: after as never });

test("the same contract fits itself, whatever it says", () => {
  const everything = contract("all", {
    a: op({
      input: z.object({
        kind: z.enum(["x", "y"]),
        list: z.array(Product).max(10),
        note: z.string().optional(),
      }),
    }),
    b: op({ input: stream(Product), output: stream(z.union([Product, z.string()])) }),
    c: op({
      output: z.object({
        one: z.literal(7),
        maybe: z.string().nullable(),
        map: z.record(z.string(), z.number()),
      }),
    }),
  });
  assert.deepEqual(contractMisfits(descriptionOf(everything), descriptionOf(everything)), []);
});

test("taking more and giving less of the optional is fine", () => {
  const asked = z.object({ id: z.int().min(1), sort: z.enum(["name"]) });
  assert.deepEqual(
    input(
      asked,
      z.object({ id: z.number(), sort: z.enum(["name", "price"]), page: z.int().optional() }),
    ),
    [],
  );
  assert.deepEqual(output(Product, Product.extend({ stock: z.int() })), []);
  assert.deepEqual(output(z.object({ id: z.int() }), z.object({ id: z.int().min(1) })), []);
  assert.deepEqual(
    output(z.object({ price: z.number().nullable() }), z.object({ price: z.int() })),
    [],
  );
});

test("each way of breaking a caller is named with its path", () => {
  const cases: readonly (readonly [found: readonly string[], message: RegExp])[] = [
    [
      input(z.object({ id: z.int() }), z.object({ id: z.int(), shop: z.string() })),
      /shop\.get input: shop is required/,
    ],
    [
      input(z.object({ id: z.number() }), z.object({ id: z.int() })),
      /input: id may be number, and only integer/,
    ],
    [
      input(z.object({ sort: z.string() }), z.object({ sort: z.enum(["a"]) })),
      /sort may be anything, not only "a"/,
    ],
    [
      input(z.object({ sort: z.enum(["a", "b"]) }), z.object({ sort: z.enum(["a"]) })),
      /sort may be "b"/,
    ],
    [input(z.object({ n: z.int() }), z.object({ n: z.int().max(10) })), /n has maximum/],
    [
      input(z.object({ list: z.array(z.string()) }), z.object({ list: z.array(z.int()) })),
      /list\[\] may be string/,
    ],
    [
      input(z.object({ a: z.string(), b: z.string() }), z.strictObject({ a: z.string() })),
      /b is not taken/,
    ],
    [output(Product, Product.omit({ name: true })), /output: name is required and may be missing/],
    [
      output(Product, Product.extend({ price: z.int().min(0).nullable() })),
      /output: price .*(null|forms)/,
    ],
    [output(Product, Product.extend({ price: z.string() })), /output: price may be string/],
    [
      output(z.object({ state: z.enum(["on"]) }), z.object({ state: z.enum(["on", "off"]) })),
      /state may be "off"/,
    ],
    [misfitsOf({ output: Product }, {}), /output: is gone/],
    [misfitsOf({ output: Product }, { output: stream(Product) }), /is a stream and was a call/],
    [misfitsOf({ input: Product }, { input: stream(Product) }), /takes a stream now/],
  ];
  for (const [found, message] of cases) assert.match(found.join("\n"), message);
  const before = descriptionOf(contract("shop", { get: op({}), list: op({}) }));
  const after = descriptionOf(contract("shop", { get: op({}) }));
  assert.deepEqual(contractMisfits(before, after), ["shop.list is gone"]);
});
