import assert from "node:assert/strict";
import { test } from "node:test";
import { roundRobin } from "../../src/mesh/core/balancer.ts";
import { InstanceGroup } from "../../src/mesh/instance-group.ts";
import { Target } from "../../src/mesh/targets.ts";
import type { Instance } from "../../src/registry/index.ts";

const instance = (nodeId: string, machine: string, startedAt: number) =>
  ({ nodeId, record: { machine, slot: "carts-1", weight: 1, startedAt } }) as Instance;

/** How many of a thousand keys each instance has. */
function sharesOf(...instances: Instance[]): Record<string, number> {
  const targets = instances.map((each) => new Target(each, {} as never));
  const group = new InstanceGroup(targets, roundRobin(), "");
  const shares: Record<string, number> = {};
  for (let key = 0; key < 1_000; key += 1) {
    const choice = { now: 0, key: `k${key}`, isPartitioned: true, mayTake: () => true };
    const id = group.pick(choice)?.nodeId ?? "nobody";
    shares[id] = (shares[id] ?? 0) + 1;
  }
  return shares;
}

test("a slot of the same name on two machines is two places, and both have keys", () => {
  const shares = sharesOf(instance("one", "a", 1), instance("two", "b", 2));
  assert.deepEqual(Object.keys(shares).sort(), ["one", "two"]);
  for (const share of Object.values(shares)) assert.ok(share > 300, JSON.stringify(shares));
});

test("the newer process of a slot has all its keys", () => {
  assert.deepEqual(sharesOf(instance("old", "a", 1), instance("new", "a", 2)), { new: 1_000 });
});
