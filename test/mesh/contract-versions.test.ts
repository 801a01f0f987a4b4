import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode, type NodeOptions } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const first = contract(
  "stock",
  {
    left: op({ input: z.object({ id: z.int() }), output: z.object({ left: z.int() }) }),
    old: op({}),
  },
  { version: "1.0.0" },
);
/** Takes what the first one does not give, so that its callers break; gives all that the first one does. */
const second = contract(
  "stock",
  {
    left: op({
      input: z.object({ id: z.int(), shop: z.string() }),
      output: z.object({ left: z.int() }),
    }),
  },
  { version: "2.0.0" },
);
/** Neither's callers get along with the other one. */
const third = contract(
  "stock",
  {
    left: op({
      input: z.object({ id: z.int(), shop: z.string() }),
      output: z.object({ left: z.int(), unit: z.string() }),
    }),
  },
  { version: "3.0.0" },
);

let distributor: Distributor;
const nodes: MeshNode[] = [];
before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
});
after(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await distributor.close();
});

async function start(name: string, options: Partial<NodeOptions> = {}): Promise<MeshNode> {
  const node = await createNode({
    name,
    mesh: "test",
    distributors: [{ host: "127.0.0.1", port: distributor.port }],
    ...options,
  });
  nodes.push(node);
  return node;
}
const one = service(first, ({ handle }) => handle({ left: () => ({ left: 1 }), old: () => {} }));
const two = service(second, ({ handle }) => handle({ left: () => ({ left: 2 }) }));
const three = service(third, ({ handle }) => handle({ left: () => ({ left: 3, unit: "box" }) }));
const stateOf = (caller: MeshNode, name: string) =>
  caller.registry.nodes().find(({ record }) => record.name === name)?.record.state;

test("two versions side by side: each caller's calls go where they are understood", async () => {
  const caller = await start("caller");
  const old = await start("stock-1", { services: [one] });
  const young = await start("stock-2", { services: [three] });
  await until(
    "both are known with their contracts",
    () =>
      caller.registry
        .instancesOf("stock")
        .map(({ service: { contractHash } }) => caller.contractOf(contractHash))
        .every(Boolean) && caller.registry.instancesOf("stock").length === 2,
  );
  for (let call = 0; call < 20; call += 1) {
    assert.deepEqual(await caller.client(first).left({ id: 1 }), { left: 1 });
    assert.equal((await caller.client(third).left({ id: 1, shop: "a" })).left, 3);
  }
  await old.drain();
  await assert.rejects(caller.client(first).left({ id: 1 }, { deadlineMs: 300 }), {
    code: "UNAVAILABLE",
  });
  await young.drain();
});

test("refuse: a version that would break callers does not start, and the message names the difference", async () => {
  const old = await start("stock-3", { services: [one] });
  await assert.rejects(start("stock-4", { services: [two], contracts: "refuse" }), {
    code: "FAILED_PRECONDITION",
    message: /stock\.left input: shop is required and may be missing; stock\.old is gone/,
  });
  await old.drain();
});

test("quarantine: it is known and gets no calls until it breaks nobody", async () => {
  const caller = await start("caller-2");
  const old = await start("stock-5", { services: [one] });
  await start("stock-6", { services: [two], contracts: "quarantine" });
  await until("it is known", () => stateOf(caller, "stock-6") === "quarantined");
  // The older version takes less, so callers of the newer one get along with it.
  for (let call = 0; call < 20; call += 1)
    assert.deepEqual(await caller.client(second).left({ id: 1, shop: "a" }), { left: 1 });
  await old.drain();
  await old.close();
  await until("it is let out", () => stateOf(caller, "stock-6") === "ready");
  assert.deepEqual(await caller.client(second).left({ id: 1, shop: "a" }), { left: 2 });
});
