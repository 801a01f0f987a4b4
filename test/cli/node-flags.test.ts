import assert from "node:assert/strict";
import { test } from "node:test";
import { childFlags } from "../../src/cli/fleet/node-flags.ts";

const sized = /semi-space-size=/;

test("children start with a roomy young generation", () => {
  const flags = childFlags([]);
  assert.equal(flags.filter((flag) => sized.test(flag)).length, 2);
});

test("conditions are inherited, a debugger's port is not", () => {
  const flags = childFlags(["--conditions=dure-source", "--inspect=9229", "--inspect-brk"]);
  assert.deepEqual(
    flags.filter((flag) => !sized.test(flag)),
    ["--conditions=dure-source"],
  );
});

test("a size that the user chose stands, as a flag or in NODE_OPTIONS", () => {
  assert.deepEqual(childFlags(["--max-semi-space-size=64"]), ["--max-semi-space-size=64"]);
  assert.deepEqual(childFlags([], "--enable-source-maps --max-semi-space-size=8"), []);
});
