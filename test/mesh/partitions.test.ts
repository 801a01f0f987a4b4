import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { contract, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const Key = z.object({ key: z.string() });
const Owner = z.object({ slot: z.string() });
const carts = contract("carts", {
  owner: op({ input: Key, output: Owner, partitionBy: ({ key }) => key }),
  watch: op({ input: Key, output: stream(Owner), partitionBy: ({ key }) => key }),
  ask: op({ input: Key, output: Owner }),
});
const cartService = (slot: string) =>
  service(carts, ({ handle }) =>
    handle({
      owner: () => ({ slot }),
      watch: async function* () {
        yield { slot };
      },
      ask: ({ key }, ctx) => ctx.client(carts).owner({ key }),
    }),
  );

let distributor: Distributor;
let outside: MeshNode;
const members: MeshNode[] = [];
const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
const slots = ["carts-1", "carts-2", "carts-3"];

before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
  const join = (slot: string, hosts: boolean) =>
    createNode({
      name: hosts ? "carts" : slot,
      slot,
      mesh: "test",
      services: hosts ? [cartService(slot)] : [],
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
    });
  outside = await join("outside", false);
  for (const slot of slots) members.push(await join(slot, true));
  await until(
    "all know all",
    () => [outside, ...members].every((node) => node.registry.instancesOf("carts").length === 3),
    30_000,
  );
});
after(async () => {
  await Promise.all([outside, ...members].map((node) => node.close()));
  await distributor.close();
});

test("a key has one owner, whoever asks: a node that offers the operation itself too", async () => {
  const seen = new Set<string>();
  for (const key of keys) {
    const { slot } = await outside.client(carts).owner({ key });
    seen.add(slot);
    for (const member of members) {
      assert.equal((await member.client(carts).owner({ key })).slot, slot, key);
      for await (const item of member.client(carts).watch({ key })) assert.equal(item.slot, slot);
    }
    // The handler of any instance asks the owner.
    assert.equal((await outside.client(carts).ask({ key })).slot, slot);
  }
  assert.deepEqual([...seen].sort(), slots);
});

test("when its owner leaves, a key has another one, and again whoever asks", async () => {
  const [left, ...staying] = members.splice(0, 1).concat(members);
  await left?.drain();
  await left?.close();
  await until(
    "all know",
    () => [outside, ...staying].every((node) => node.registry.instancesOf("carts").length === 2),
    30_000,
  );
  for (const key of keys) {
    const { slot } = await outside.client(carts).owner({ key });
    assert.notEqual(slot, "carts-1");
    for (const member of staying)
      assert.equal((await member.client(carts).owner({ key })).slot, slot, key);
  }
});
