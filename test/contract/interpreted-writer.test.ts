import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { interpretedWriter } from "../../src/contract/interpreted-writer.ts";
import { compileSerializer } from "../../src/contract/serializer.ts";

const schema = {
  type: "object",
  properties: {
    id: { type: "integer" },
    "a key": { type: ["string", "null"] },
    kind: { enum: ["one", "two"] },
    pair: { type: "array", prefixItems: [{ type: "boolean" }], items: { type: "number" } },
    labels: { type: "object", additionalProperties: { type: "string" } },
    either: { anyOf: [{ type: "number" }, { $ref: "#" }] },
    whatever: {},
  },
  required: ["id"],
};
const text = fc.string({ unit: "binary" });
const values = fc.letrec((tie) => ({
  value: fc.record(
    {
      id: fc.oneof({ weight: 9, arbitrary: fc.integer() }, text),
      "a key": fc.oneof(text, fc.constant(null), fc.integer()),
      kind: fc.constantFrom("one", "two", "three"),
      pair: fc.tuple(fc.boolean(), fc.integer(), fc.integer()),
      labels: fc.dictionary(text, text),
      either: fc.oneof({ maxDepth: 3 }, fc.integer(), tie("value")),
      whatever: fc.jsonValue(),
      undeclared: text,
    },
    { requiredKeys: [] },
  ),
})).value;

/** What a writer makes of a value: text, or that it refuses. */
function outcome(write: (value: unknown) => string, value: unknown): string {
  try {
    return write(value);
  } catch {
    return "refused";
  }
}

test("without making code, the same text is written and the same refused", () => {
  const compiled = compileSerializer(schema, "value");
  const interpreted = interpretedWriter(schema);
  fc.assert(
    fc.property(values, (value) => {
      assert.equal(outcome(interpreted, value), outcome(compiled, value));
    }),
  );
});

test("a value that does not fit is refused with its place", () => {
  assert.throws(() => interpretedWriter(schema)({ id: 1, pair: [true, 2, "three"] }), {
    path: ".pair[2]",
    message: "must be a number, not string",
  });
});
