import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import {
  createGateway,
  type Gateway,
  type RateLimitPolicy,
  rateLimitService,
} from "../../src/gateway/index.ts";
import { contract, DureError, op, type Service, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { shiftedTime } from "../support/shifted-time.ts";
import { until } from "../support/until.ts";

const shop = contract("shop", { buy: op({ http: "POST /buy" }) });
const shopService = service(shop, ({ handle }) => handle({ buy: () => {} }));

/** A gateway that cannot count any more, as the others see it. */
const counting = contract("ratelimits", {
  take: op({
    input: z.object({ key: z.string(), intervalMs: z.number(), burst: z.int() }),
    output: z.object({
      isAllowed: z.boolean(),
      remaining: z.int(),
      resetMs: z.number(),
      retryMs: z.number(),
    }),
  }),
});
const brokenCounting = service(counting, ({ handle }) =>
  handle({
    take: () => {
      throw new DureError("UNAVAILABLE", "out of order");
    },
  }),
);

let distributor: Distributor;
const closing: { close(): Promise<void> }[] = [];
before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
  closing.push(distributor, await join("shop", [shopService]));
});
after(async () => {
  for (const each of closing.reverse()) await each.close();
});

async function join(slot: string, services: Service[]): Promise<MeshNode> {
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  return createNode({ name: slot, slot, mesh: "test", distributors, services });
}

interface Edge {
  readonly node: MeshNode;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

async function startEdge(slot: string, policy: Partial<RateLimitPolicy>): Promise<Edge> {
  const node = await join(slot, [rateLimitService()]);
  const sound: RateLimitPolicy = {
    name: "per-member",
    by: "principal",
    requests: 10,
    perS: 36_000,
    shared: "mesh",
  };
  const gateway = await createGateway({
    node,
    port: 0,
    rateLimits: [{ ...sound, ...policy }],
    auth: { verifier: ({ header }) => ({ subject: header("x-user") ?? "", scopes: [] }) },
  });
  const close = async () => {
    await gateway.close();
    await node.drain();
    await node.close();
  };
  return { node, gateway, close };
}

const allSee = (nodes: readonly MeshNode[], count: number) =>
  until(
    "all know who counts, and the shop",
    () =>
      nodes.every(
        ({ registry }) =>
          registry.instancesOf("ratelimits").length === count &&
          registry.instancesOf("shop").length === 1,
      ),
    30_000,
  );

async function buy({ gateway }: Edge, user: string): Promise<number> {
  const headers = { "x-user": user };
  const response = await fetch(`${gateway.url}/buy`, { method: "POST", headers });
  await response.body?.cancel();
  return response.status;
}

test("gateways that share a limit let exactly so many pass together, and go on when one leaves", async () => {
  const edges: Edge[] = [];
  for (const slot of ["gateway-1", "gateway-2", "gateway-3"]) edges.push(await startEdge(slot, {}));
  await allSee(
    edges.map(({ node }) => node),
    3,
  );
  await until("the routes are known", () =>
    edges.every(({ gateway }) => gateway.isReady(["shop"])),
  );
  const users = ["ann", "kim", "lee", "moe", "pat"];
  const passed = async (chosen: readonly Edge[]) => {
    // However slow the machine is, no time passes in which a question could go unanswered.
    const time = shiftedTime({ isStopped: true });
    const counts = Object.fromEntries(users.map((user) => [user, 0]));
    const asked = users.flatMap((user) =>
      Array.from({ length: 18 }, async (_, index) => {
        const status = await buy(chosen[index % chosen.length] as Edge, user);
        assert.ok(status === 204 || status === 429, `${status}`);
        if (status === 204) counts[user] = (counts[user] ?? 0) + 1;
      }),
    );
    await Promise.all(asked);
    time.restore();
    return Object.values(counts);
  };
  assert.deepEqual(
    await passed(edges),
    users.map(() => 10),
  );
  const [left, ...staying] = edges;
  await left?.close();
  await allSee(
    staying.map(({ node }) => node),
    2,
  );
  // What it had counted begins anew elsewhere, the rest goes on.
  for (const count of await passed(staying)) assert.ok(count === 0 || count === 10, `${count}`);
  assert.deepEqual(
    await passed(staying),
    users.map(() => 0),
  );
  await Promise.all(staying.map((edge) => edge.close()));
});

for (const [whenUnavailable, expected] of [
  ["open", [204, 204]],
  ["closed", [503, 503]],
  ["local", [204, 429]],
] as const) {
  test(`where the owner of a key cannot count, ${whenUnavailable} says what becomes of the request`, async () => {
    const edge = await startEdge(`edge-${whenUnavailable}`, { requests: 1, whenUnavailable });
    const broken = await join(`broken-${whenUnavailable}`, [brokenCounting]);
    await allSee([edge.node], 2);
    await until("the routes are known", () => edge.gateway.isReady(["shop"]));
    const uncounted = () =>
      edge.node.metrics.read().find(({ name }) => name === "dure_gateway_uncounted_total")?.samples;
    // Until one of them belongs to the broken one; so few that no breaker takes it out.
    for (let user = 0; user < 100 && uncounted()?.length === 0; user += 1) {
      const pair = [await buy(edge, `user-${user}`), await buy(edge, `user-${user}`)];
      assert.deepEqual(pair, uncounted()?.length === 0 ? [204, 429] : expected);
    }
    assert.equal(uncounted()?.length, 1);
    await edge.close();
    await broken.close();
  });
}

test("a node that takes no part, and a fallback of what cannot fail, are refused at the start", async () => {
  const node = await join("outsider", []);
  closing.push(node);
  const start = (policy: Partial<RateLimitPolicy>) =>
    createGateway({
      node,
      port: 0,
      rateLimits: [{ name: "a", by: "ip", requests: 1, perS: 1, ...policy }],
    });
  await assert.rejects(start({ shared: "mesh" }), /does not host rateLimitService/);
  await assert.rejects(start({ whenUnavailable: "open" }), /"a" is counted here/);
});
