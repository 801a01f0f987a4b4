import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { contract, DureError, op, type Service, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const leaf = contract("leaf", { fail: op({ idempotent: true }), hang: op({ idempotent: true }) });
const low = contract("low", { fail: op({ idempotent: true }), hang: op({ idempotent: true }) });
const middle = contract("middle", {
  fail: op({ idempotent: true }),
  hang: op({ idempotent: true }),
});

const seen = { leaf: 0, low: 0, middle: 0, started: 0, cancelled: 0 };
const leafService = service(leaf, ({ handle }) =>
  handle({
    fail: () => {
      seen.leaf += 1;
      throw new DureError("UNAVAILABLE", "the leaf never works");
    },
    hang: (_, ctx) => {
      seen.started += 1;
      return new Promise<void>((_resolve, reject) => {
        ctx.signal.addEventListener("abort", () => {
          seen.cancelled += 1;
          reject(ctx.signal.reason);
        });
      });
    },
  }),
);
const lowService = service(low, ({ handle }) =>
  handle({
    fail: (_, ctx) => {
      seen.low += 1;
      return ctx.client(leaf).fail();
    },
    hang: (_, ctx) => ctx.client(leaf).hang(),
  }),
);
const middleService = service(middle, ({ handle }) =>
  handle({
    fail: (_, ctx) => {
      seen.middle += 1;
      return ctx.client(low).fail();
    },
    hang: (_, ctx) => ctx.client(low).hang(),
  }),
);

let distributor: Distributor;
const nodes: MeshNode[] = [];
let caller: MeshNode;
before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
  const join = (name: string, services: Service[]) =>
    createNode({
      name,
      mesh: "test",
      services,
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
    });
  // Two of each, so that there is always somebody else to try.
  for (const [name, each] of [
    ["leaf", leafService],
    ["low", lowService],
    ["middle", middleService],
  ] as const)
    nodes.push(await join(`${name}-1`, [each]), await join(`${name}-2`, [each]));
  caller = await join("caller", []);
  nodes.push(caller);
  for (const name of ["leaf", "low", "middle"])
    await until(`both ${name} are known everywhere`, () =>
      nodes.every(({ registry }) => registry.instancesOf(name).length === 2),
    );
});
after(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await distributor.close();
});

test("three hops above a leaf that always fails make a fifth more calls, not twenty-seven times as many", async () => {
  const calls = 3_000;
  for (let made = 0; made < calls; made += 50)
    await Promise.all(Array.from({ length: 50 }, () => caller.client(middle).fail().result()));
  // The burst that each of the two callers of the leaf may save up, and one a second.
  const floor = 2 * 10 + 20;
  assert.equal(seen.middle, calls, "the hop at the top does not repeat what was repeated below");
  assert.equal(seen.low, calls);
  assert.ok(seen.leaf >= calls && seen.leaf <= 1.2 * calls + floor, `${seen.leaf} at the leaf`);
});

test("a caller that gives up stops the work three hops down within a round trip", async () => {
  const controller = new AbortController();
  const call = caller.client(middle).hang(undefined, { signal: controller.signal }).result();
  await until("the leaf is at work", () => seen.started === 1);
  controller.abort();
  await call;
  // A call that goes the same way and comes back: what was sent before it has arrived before it.
  await assert.rejects(caller.client(middle).fail(), { code: "UNAVAILABLE" });
  assert.equal(seen.cancelled, 1);
});
