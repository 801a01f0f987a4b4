/** `traceparent` as W3C Trace Context, Level 1, section 3.2 has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TraceContext } from "../../src/telemetry/index.ts";
import { generator } from "../wire/support/mutations.ts";

const valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("what is written is read again, whatever its digits", () => {
  const random = generator(7);
  for (let round = 0; round < 1_000; round += 1) {
    const trace = TraceContext.start(() => random(2 ** 31) / 2 ** 31);
    const read = TraceContext.parse(trace.toString());
    assert.deepEqual(read?.words, trace.words);
    assert.equal(read?.toString(), trace.toString());
  }
  assert.equal(TraceContext.parse(valid.replace(/01$/, "ff"))?.flags, 255);
});

test("a later version is read as far as it is known, and what is no traceparent is not read", () => {
  for (const later of ["cc", "01"])
    for (const end of ["", "-", "-what the future brings"]) {
      const trace = TraceContext.parse(`${later}${valid.slice(2)}${end}`);
      assert.equal(trace?.toString(), valid);
    }
  const wrong = [
    "",
    valid.slice(0, -1),
    `${valid}-more`,
    `${valid}0`,
    `cc${valid.slice(2)}0`,
    `ff${valid.slice(2)}`,
    valid.toUpperCase(),
    valid.replace("b7ad6b7169203331", "0".repeat(16)),
    valid.replace("0af7651916cd43dd8448eb211c80319c", "0".repeat(32)),
  ];
  for (let at = 0; at < valid.length; at += 1)
    for (const other of ["g", "\u0130", "/", ":", "`"])
      wrong.push(valid.slice(0, at) + other + valid.slice(at + 1));
  for (const text of wrong) assert.equal(TraceContext.parse(text), undefined, text);
});
