import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createGateway, type Gateway, type RateLimitPolicy } from "../../src/gateway/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { shiftedTime } from "../support/shifted-time.ts";
import { until } from "../support/until.ts";
import { type OwnServer, startServer } from "./support/own-server.ts";
import { administerRedis, openRedis, redisServer } from "./support/redis-server.ts";

const shop = contract("shop", { buy: op({ http: "POST /buy" }) });

let server: OwnServer;
let node: MeshNode;
const gateways: Gateway[] = [];

before(async () => {
  server = await startServer(redisServer);
  const shopService = service(shop, ({ handle }) => handle({ buy: () => {} }));
  node = await createNode({
    name: "shop",
    mesh: "test",
    distributors: [],
    services: [shopService],
  });
});
after(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await node.close();
  await server.close();
});

const administer = (...command: string[]) => administerRedis(server.port, command);

async function startGateway(policy: Partial<RateLimitPolicy>, port = server.port) {
  const gateway = await createGateway({
    node,
    port: 0,
    rateLimits: [
      { name: "buying", by: "principal", requests: 10, perS: 36_000, shared: "redis", ...policy },
    ],
    redis: openRedis(() => port),
    auth: { verifier: ({ header }) => ({ subject: header("x-user") ?? "", scopes: [] }) },
  });
  gateways.push(gateway);
  return gateway;
}

async function buy({ url }: Gateway, user: string) {
  const headers = { "x-user": user };
  const response = await fetch(`${url}/buy`, { method: "POST", headers });
  await response.body?.cancel();
  return response;
}
const statusOf = async (gateway: Gateway, user: string) => (await buy(gateway, user)).status;

/** Whether what the gateway counts reaches the server. */
const counts = (gateway: Gateway, name: string) =>
  until(
    "it counts in Redis",
    async () => {
      const user = `probe-${gateway.port}`;
      await buy(gateway, user);
      return (await administer("EXISTS", `dure:test:rate:${name}  ${user}`)) === 1;
    },
    30_000,
  );

test("gateways that share a server let exactly so many pass together, also when it forgets its scripts", async () => {
  const edges = [await startGateway({ name: "exact" }), await startGateway({ name: "exact" })];
  for (const edge of edges) await counts(edge, "exact");
  const passed = async (user: string, times: number) => {
    // However slow the machine is, no time passes in which the server could be taken for gone.
    const time = shiftedTime({ isStopped: true });
    const asked = Array.from({ length: times }, (_, index) =>
      statusOf(edges[index % 2] as Gateway, user),
    );
    const statuses = await Promise.all(asked);
    time.restore();
    return statuses.filter((status) => status === 204).length;
  };
  assert.equal(await passed("kim", 6), 6);
  await administer("SCRIPT", "FLUSH");
  assert.equal(await passed("kim", 20), 4);
  assert.equal(await passed("lee", 20), 10);
  const refused = await buy(edges[0] as Gateway, "kim");
  assert.equal(refused.headers.get("ratelimit-policy"), '"exact";q=10;w=36000');
  assert.match(refused.headers.get("ratelimit") ?? "", /^"exact";r=0;t=3\d{4}$/);
  assert.match(refused.headers.get("retry-after") ?? "", /^3[56]\d\d$/);
  const keptMs = await administer("PTTL", "dure:test:rate:exact  kim");
  assert.ok(keptMs > 30_000_000 && keptMs <= 36_000_000, `${keptMs}`);
});

test("what was taken flows away, and its key goes", async () => {
  const edge = await startGateway({ name: "quick", requests: 2, perS: 1 });
  await counts(edge, "quick");
  await until("it is refused", async () => (await statusOf(edge, "moe")) === 429, 30_000);
  await until("it may again", async () => (await statusOf(edge, "moe")) === 204, 30_000);
  await until(
    "nothing is kept",
    async () => (await administer("EXISTS", "dure:test:rate:quick  moe")) === 0,
    30_000,
  );
});

test("without their server, policies say what becomes of a request; with it, it is counted there again", async () => {
  const cases = [
    { whenUnavailable: "open", expected: [204, 204] },
    { whenUnavailable: "closed", expected: [503, 503] },
    { whenUnavailable: "local", expected: [204, 429] },
  ] as const;
  const edges = [];
  for (const { whenUnavailable, expected } of cases) {
    const name = `fallback-${whenUnavailable}`;
    const edge = await startGateway({ name, requests: 1, whenUnavailable });
    await counts(edge, name);
    edges.push({ name, edge, expected });
    const nowhere = await startGateway({ requests: 1, whenUnavailable }, 1);
    assert.deepEqual([await statusOf(nowhere, "ann"), await statusOf(nowhere, "ann")], expected);
  }
  await administer("CLIENT", "PAUSE", "4000", "ALL");
  for (const { edge, expected } of edges)
    assert.deepEqual([await statusOf(edge, "ann"), await statusOf(edge, "ann")], expected);
  for (const { name, edge } of edges) {
    await until(
      "it counts in Redis again",
      async () => {
        await buy(edge, "pat");
        return (await administer("EXISTS", `dure:test:rate:${name}  pat`)) === 1;
      },
      30_000,
    );
  }
});

test("a policy that is shared by no server is refused at the start", async () => {
  const policy = { name: "a", by: "ip", requests: 1, perS: 1, shared: "redis" } as const;
  await assert.rejects(
    createGateway({ node, port: 0, rateLimits: [policy] }),
    /shared by Redis, and there is none; set gateway.redis/,
  );
});
