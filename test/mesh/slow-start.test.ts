import assert from "node:assert/strict";
import { test } from "node:test";
import { powerOfTwoChoices } from "../../src/mesh/core/balancer.ts";
import { slowStartMs } from "../../src/mesh/core/slow-start.ts";
import { InstanceGroup } from "../../src/mesh/instance-group.ts";
import type { Target } from "../../src/mesh/targets.ts";

const time = 100_000;

/** An instance that is there for so long, and as loaded as that. */
const target = (ageMs: number, load: number, weight = 1) =>
  ({ since: time - ageMs, load: () => load, weight }) as unknown as Target;

/** In which part of the choices each takes part. */
function sharesOf(...targets: Target[]): number[] {
  const group = new InstanceGroup(targets, powerOfTwoChoices(Math.random), "");
  return targets.map((each) => Math.round(group.shareOf(each, time) * 100) / 100);
}

test("a new instance gets a tenth, beside one that is no more loaded", () => {
  assert.deepEqual(sharesOf(target(slowStartMs, 5), target(0, 5)), [1, 0.1]);
  assert.deepEqual(sharesOf(target(slowStartMs, 5), target(0, 50)), [1, 0.1]);
  assert.deepEqual(sharesOf(target(slowStartMs, 0), target(0, 0)), [1, 0.1]);
});

test("a new instance takes over what those before it cannot bear", () => {
  assert.deepEqual(sharesOf(target(slowStartMs, 20), target(0, 5)), [1, 0.4]);
  assert.deepEqual(sharesOf(target(slowStartMs, 500), target(0, 5)), [1, 1]);
  // As long as one of those before it has nothing to do, that one has the calls.
  assert.deepEqual(sharesOf(target(slowStartMs, 500), target(slowStartMs, 5), target(0, 5)), [
    ...[1, 1],
    0.1,
  ]);
});

test("a smaller weight is meant to be one, however loaded the others are", () => {
  assert.deepEqual(sharesOf(target(slowStartMs, 500), target(0, 5, 0.2)), [1, 0.2]);
});

test("where all are new nobody has to start slowly", () => {
  assert.deepEqual(sharesOf(target(0, 5), target(0, 5)), [1, 1]);
});
