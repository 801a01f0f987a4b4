import assert from "node:assert/strict";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import fc from "fast-check";
import * as v from "valibot";
import { z } from "zod";
import {
  bytes,
  contract,
  describe,
  event,
  op,
  operationsOf,
  pick,
  secret,
  toOpenApi,
} from "../../src/contract/index.ts";
import { DureError } from "../../src/kit/index.ts";
import { validate as validateOpenApi } from "./support/openapi.ts";

const Address = z.object({ city: z.string(), zip: z.string().optional() });
const Item = z.object({
  id: z.int(),
  name: z.string(),
  price: z.number(),
  isNew: z.boolean().optional(),
  note: z.string().nullable(),
  tags: z.array(z.string()),
  address: Address,
  counts: z.record(z.string(), z.int()),
  shape: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("circle"), radius: z.number() }),
    z.object({ kind: z.literal("square"), side: z.number() }),
  ]),
  state: z.enum(["open", "closed"]),
  anything: z.unknown().optional(),
});
const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
const items = contract("items", {
  put: op({
    http: "PUT /items/:id",
    input: Item,
    output: Item,
    errors: { Taken: { status: 409, data: z.object({ by: z.string() }) } },
  }),
  find: op({
    http: "GET /items",
    auth: "public",
    input: z.object({
      q: z.string().optional(),
      limit: z.int().min(1).max(100).optional(),
      isNew: z.boolean().optional(),
      tag: z.array(z.string()).optional(),
    }),
    output: z.object({ items: z.array(Item) }),
  }),
  tree: op({ input: Tree, output: Tree }),
  changed: event(z.object({ id: z.int() })),
});
const operation = (name: string) => {
  const found = operationsOf(items).get(name);
  assert.ok(found);
  return found;
};

const anItem = fc.record({
  id: fc.integer(),
  name: fc.string({ unit: "binary" }),
  price: fc.double({ noNaN: true, noDefaultInfinity: true }),
  isNew: fc.option(fc.boolean(), { nil: undefined }),
  note: fc.option(fc.string(), { nil: null }),
  tags: fc.array(fc.string()),
  address: fc.record({ city: fc.string(), zip: fc.option(fc.string(), { nil: undefined }) }),
  counts: fc.dictionary(fc.string(), fc.integer()),
  shape: fc.oneof(
    fc.record({ kind: fc.constant("circle"), radius: fc.nat() }),
    fc.record({ kind: fc.constant("square"), side: fc.nat() }),
  ),
  state: fc.constantFrom("open", "closed"),
  anything: fc.option(fc.jsonValue(), { nil: undefined }),
});

test("what is serialised reads back as the same value", () => {
  fc.assert(
    fc.property(anItem, (item) => {
      assert.deepEqual(
        JSON.parse(operation("put").serializeOutput(item)),
        JSON.parse(JSON.stringify(item)),
      );
    }),
  );
});

test("a text that is said to need no escapes is one value whatever is in it", () => {
  const Bytes = z.object({ bytes: z.string().meta({ unescaped: true }) });
  const put = operationsOf(contract("b", { put: op({ input: Bytes }) })).get("put");
  for (const bytes of ["", "aGVsbG8=".repeat(100), 'a","more":"b', "\\", 'a\\"b'])
    assert.deepEqual(JSON.parse(put?.serializeInput({ bytes }) ?? ""), { bytes });
});

test("a field that is not in the schema never leaves, at any depth", () => {
  const [sample] = fc.sample(anItem, 1);
  const leaky = { ...sample, password: "x", address: { city: "Seoul", secret: "y" } };
  const text = operation("put").serializeOutput(leaky);
  assert.doesNotMatch(text, /password|secret/);
  assert.match(text, /Seoul/);
});

test("whatever kind of object holds them, the declared fields leave and no others", () => {
  const Address = z.object({ city: z.string(), zip: z.string().optional() });
  const move = operationsOf(contract("m", { move: op({ input: Address }) })).get("move");
  class Row {
    city = "Seoul";
    password = "x";
    get zip() {
      return "04524";
    }
  }
  const hidden = { city: "Seoul", zip: "04524", toJSON: () => ({ password: "x" }) };
  const unseen = Object.defineProperty({ city: "Seoul", password: "x" }, "zip", {
    value: "04524",
    enumerable: false,
  });
  const inherited = Object.create({ city: "Seoul", zip: "04524", password: "x" });
  const bare = Object.assign(Object.create(null), { zip: "04524", city: "Seoul" });
  for (const value of [new Row(), hidden, unseen, inherited, bare])
    assert.deepEqual(JSON.parse(move?.serializeInput(value) ?? ""), {
      city: "Seoul",
      zip: "04524",
    });
});

test("a union writes the first alternative that fits", () => {
  const Public = z.object({ name: z.string() });
  const Private = z.object({ name: z.string(), salary: z.number() });
  const show = operationsOf(
    contract("u", {
      show: op({
        output: z.object({ who: z.union([Public, Private]), note: z.string().nullable() }),
      }),
    }),
  ).get("show");
  const write = (value: unknown) => JSON.parse(show?.serializeOutput(value) ?? "");
  const both = { who: { name: "Ada", salary: 1 }, note: null };
  assert.deepEqual(write(both), { who: { name: "Ada" }, note: null });
  assert.deepEqual(write({ who: { name: "Ada" }, note: "x" }), { who: { name: "Ada" }, note: "x" });
});

test("a recursive schema is serialised and its misfits are named", () => {
  const tree = { name: "a", children: [{ name: "b", children: [] }] };
  assert.deepEqual(JSON.parse(operation("tree").serializeOutput(tree)), tree);
  assert.throws(
    () => operation("tree").serializeOutput({ name: "a", children: [{ name: 1, children: [] }] }),
    {
      code: "INTERNAL",
      message: "items.tree output.children[0].name must be text, not number",
    },
  );
});

test("what browsers send without generated code is what the serialiser writes, misfits and all", () => {
  const outcome = (work: () => unknown) => {
    try {
      return work();
    } catch (thrown) {
      assert.ok(thrown instanceof DureError);
      return [thrown.code, thrown.message, thrown.details];
    }
  };
  const put = operation("put");
  const field = fc.constantFrom("id", "note", "tags", "address", "counts", "shape", "state");
  const damaged = fc
    .tuple(anItem, field, fc.jsonValue())
    .map(([item, name, value]) => ({ ...item, password: "x", [name]: value }));
  fc.assert(
    fc.property(fc.oneof(anItem, damaged, fc.jsonValue()), (value) => {
      assert.deepEqual(
        outcome(() => JSON.parse(JSON.stringify(put.declaredInput(value)))),
        outcome(() => JSON.parse(put.serializeInput(value))),
      );
    }),
  );
  const tree = { name: "a", children: [{ name: "b", children: [{ name: 1, children: [] }] }] };
  assert.deepEqual(
    outcome(() => operation("tree").declaredInput(tree)),
    outcome(() => operation("tree").serializeInput(tree)),
  );
});

test("strings from path and query become what the schema asks for, and only losslessly", () => {
  const find = operation("find");
  assert.deepEqual(
    find.parseInput(undefined, { limit: "7", isNew: "true", tag: ["a", "b"], q: "7" }),
    {
      limit: 7,
      isNew: true,
      tag: ["a", "b"],
      q: "7",
    },
  );
  assert.deepEqual(find.parseInput(undefined, { tag: "one" }), { tag: ["one"] });
  for (const limit of ["07", "1e1", " 7", "0x7", "7.5", "", "9007199254740993", "101", "-1"]) {
    assert.throws(
      () => find.parseInput(undefined, { limit }),
      (error) =>
        error instanceof DureError &&
        error.code === "INVALID_ARGUMENT" &&
        /find input\.limit/.test(error.message),
      limit,
    );
  }
  assert.throws(
    () => find.parseInput(undefined, { limit: ["1", "2"] }),
    /limit was given more than once/,
  );
});

test("a name in the path and in the body is refused", () => {
  assert.throws(
    () => operation("put").parseInput('{"id":1}', { id: "1" }),
    /input\.id was given in the path or query and again in the body/,
  );
});

test("bad input names the field, also one that is nearly right", () => {
  assert.throws(
    () => operation("put").parseInput('{"id":1,"nam":"x"}', undefined),
    (error) => {
      assert.ok(error instanceof DureError);
      const { issues } = error.details as { issues: { path: string; message: string }[] };
      assert.deepEqual(
        issues.find(({ path }) => path === "name")?.message,
        'is missing (you sent "nam"; did you mean "name"?)',
      );
      return error.code === "INVALID_ARGUMENT";
    },
  );
  assert.throws(() => operation("put").serializeInput("text"), /put input must be an object, not /);
  assert.throws(() => operation("put").parseInput("{nonsense", undefined), /the body is not JSON/);
  assert.throws(() => operation("put").parseInput('"text"', { id: "1" }), /must be a JSON object/);
});

test("valibot and arktype schemas make contracts; a library without JSON Schema is refused naming its adapter", () => {
  const other = contract("other", {
    valibot: op({ input: toStandardJsonSchema(v.object({ id: v.pipe(v.number(), v.integer()) })) }),
    arktype: op({ input: type({ id: "number.integer" }) }),
  });
  for (const runtime of operationsOf(other).values()) {
    assert.deepEqual(runtime.parseInput(undefined, { id: "7" }), { id: 7 });
    assert.throws(() => runtime.parseInput('{"id":"x"}', undefined), { code: "INVALID_ARGUMENT" });
  }
  assert.throws(
    () => contract("bare", { get: op({ input: v.object({ id: v.number() }) }) }),
    /@valibot\/to-json-schema/,
  );
});

test("what JSON cannot carry is refused when the contract is made", () => {
  for (const schema of [
    z.date(),
    z.bigint(),
    z.map(z.string(), z.string()),
    z.string().transform((text) => text.length),
  ]) {
    assert.throws(
      () => contract("bad", { get: op({ output: z.object({ field: schema }) as never }) }),
      /bad\.get output/,
    );
  }
});

test("an output of bytes travels as it is, and JSON over HTTP has none", () => {
  const pages = contract("pages", { page: op({ output: bytes() }) });
  const page = operationsOf(pages).get("page");
  const content = Uint8Array.of(0, 255, 34);
  assert.equal(page?.outputBody(content), content);
  assert.equal(page?.parseOutput(content), content);
  assert.throws(() => page?.outputBody("text"), {
    code: "INTERNAL",
    message: "pages.page output must be a Uint8Array, not string",
  });
  const http = { http: "GET /pages", output: bytes() } as const;
  assert.throws(() => contract("pages", { page: op(http) }), {
    code: "INVALID_ARGUMENT",
    message: /pages\.page: .* raw\(\)/,
  });
});

test("names and paths that cannot work are refused, naming them", () => {
  assert.throws(() => contract("Not Good", {}), /Not Good/);
  assert.throws(() => contract("a", { get: op({ http: "FETCH /x" } as never) }), /FETCH/);
  assert.throws(
    () => contract("a", { get: op({ errors: { Bad: { status: 200 } } }) }),
    /status 200/,
  );
});

test("the description is plain data and says what is idempotent and who may call", () => {
  const description = describe(items);
  assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
  assert.equal(description.operations.put?.isIdempotent, true);
  assert.equal(description.operations.put?.auth, "required");
  assert.equal(description.operations.find?.auth, "public");
  assert.deepEqual(Object.keys(description.events), ["changed"]);
});

test("a picked contract has the named operations and nothing else, under the contract's name", () => {
  const whole = contract("books", {
    get: op({ http: "GET /books/:id", input: z.object({ id: z.int() }), output: Item }),
    list: op({ output: z.array(Item) }),
    added: event(Item),
  });
  const picked = pick(whole, "get");
  assert.deepEqual(Object.keys(picked), ["get", "~contract"]);
  const { name, version, operations } = describe(whole);
  assert.deepEqual(describe(picked), {
    name,
    version,
    operations: { get: operations.get },
    events: {},
  });
  assert.equal(operationsOf(picked).get("get"), operationsOf(whole).get("get"));
  for (const [wrong, message] of [
    ["lst", /books\.lst is no operation to pick: did you mean "list"\?/],
    ["added", /books\.added is no operation to pick: there are get, list/],
  ] as const)
    assert.throws(() => pick(whole, wrong as "list"), { code: "INVALID_ARGUMENT", message });
});

test("the OpenAPI document is valid", async () => {
  const result = await validateOpenApi(
    toOpenApi([describe(items)], { title: "Items", version: "1" }),
  );
  assert.equal(result.valid, true, JSON.stringify(result.errors));
});

test("a secret shows itself to nobody but reveal()", () => {
  const checked = secret(z.string())["~standard"].validate("hunter2");
  assert.ok(!(checked instanceof Promise) && !checked.issues);
  const { value } = checked;
  assert.equal(value.reveal(), "hunter2");
  assert.doesNotMatch(`${value} ${JSON.stringify({ value })}`, /hunter2/);
});
