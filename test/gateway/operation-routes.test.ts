import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { createGateway, type RouteSection } from "../../src/gateway/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const Said = z.object({ by: z.string() });
const operations = {
  get: op({
    http: "GET /shop/:id",
    auth: "public",
    input: z.object({ id: z.string() }),
    output: Said,
  }),
  list: op({ http: "GET /list", auth: "public", output: Said, cache: { maxAgeS: 1 } }),
  add: op({ http: "POST /shop", auth: "public", output: Said }),
};

/** A service in two versions, two instances each, and a gateway with routes for it. */
async function startShop(t: TestContext, routes: readonly RouteSection[]) {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  t.after(() => distributor.close());
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  const nodes = new Map<string, Awaited<ReturnType<typeof createNode>>>();
  for (const slot of ["1-a", "1-b", "2-a", "2-b"]) {
    const shop = contract("shop", operations, { version: `${slot[0]}.0.0` });
    const say = () => ({ by: slot });
    const node = await createNode({
      ...{ name: `shop-${slot}`, slot, mesh: "test", distributors },
      services: [service(shop, ({ handle }) => handle({ get: say, list: say, add: say }))],
    });
    nodes.set(slot, node);
    t.after(() => node.close());
  }
  const node = await createNode({ name: "gateway", mesh: "test", distributors, services: [] });
  const gateway = await createGateway({ node, port: 0, routes });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  await until("all are seen", () => node.registry.instancesOf("shop").length === 4, 30_000);
  await until("their routes are known", () => gateway.isReady(["shop"]), 30_000);
  const ask = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const answer = await fetch(`${gateway.url}${path}`, { headers, method });
    const text = await answer.text();
    const by = text.startsWith("{") ? String(JSON.parse(text).by) : text;
    const [cookie] = answer.headers.getSetCookie();
    return { status: answer.status, by, cookie, vary: answer.headers.get("vary"), answer };
  };
  return { ask, nodes, gateway };
}

test("versions of a service get their shares of a path's requests", async (t) => {
  const { ask } = await startShop(t, [{ path: "/shop/*", versions: { "1": 80, "2": 20 } }]);
  let count = 0;
  for (let round = 0; round < 300; round += 1)
    if ((await ask("/shop/x")).by.startsWith("2-")) count += 1;
  // Twenty in a hundred; less than 1 in 10^9 runs is outside of this.
  assert.ok(count > 18 && count < 108, `${count} of 300`);
});

test("a client comes to the same version and instance again: by cookie, header or address", async (t) => {
  const versions = { "1": 50, "2": 50 };
  const { ask } = await startShop(t, [
    { path: "/shop/cookie", versions, sticky: { cookie: "at" } },
    { path: "/shop/header", versions, sticky: { header: "X-User" } },
    { path: "/shop/ip", versions, sticky: { ip: true } },
    { path: "/shop/instance", sticky: { header: "x-user" } },
  ]);
  const seen = new Set<string>();
  for (let client = 0; client < 40; client += 1) {
    const first = await ask("/shop/cookie");
    assert.match(first.cookie ?? "", /^at=\w{8}; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.equal(first.vary, "cookie");
    const again = await ask("/shop/cookie", { cookie: first.cookie?.split(";")[0] ?? "" });
    assert.deepEqual([again.by, again.cookie], [first.by, undefined]);
    seen.add(first.by);
    const user = { "x-user": `user ${client}` };
    const byHeader = await ask("/shop/header", user);
    assert.equal(byHeader.vary, "x-user");
    assert.equal((await ask("/shop/header", user)).by, byHeader.by);
    const byInstance = await ask("/shop/instance", user);
    assert.equal((await ask("/shop/instance", user)).by, byInstance.by);
    assert.equal(byInstance.vary, null);
  }
  assert.equal(seen.size, 4);
  const byAddress = await Promise.all(Array.from({ length: 10 }, () => ask("/shop/ip")));
  assert.equal(new Set(byAddress.map(({ by }) => by)).size, 1);
});

test("a header chooses a version, answers say so in Vary, and the cache keeps versions apart", async (t) => {
  const { ask } = await startShop(t, [
    { path: "/*", versions: { "1": 1 } },
    { path: "/*", headers: { "X-Beta": "1" }, versions: { "2": 1 } },
  ]);
  for (const path of ["/shop/x", "/list", "/list"]) {
    const [stable, beta] = [await ask(path), await ask(path, { "x-beta": "1" })];
    assert.match(stable.by, /^1-/);
    assert.match(beta.by, /^2-/);
    assert.deepEqual([stable.vary, beta.vary], ["x-beta", "x-beta"]);
  }
});

test("where a version is gone, the other one answers; where all are, the fallback does", async (t) => {
  const { ask, nodes } = await startShop(t, [
    { path: "/*", versions: { "2": 1, "1": 0 } },
    {
      path: "/shop/*",
      versions: { "2": 99, "1": 1 },
      fallback: { body: '{"by":"nobody"}', status: 200, contentType: "application/json" },
    },
    { path: "/list", fallback: { staleS: 600 } },
    { path: "/shop", fallback: { body: '{"by":"nobody"}', status: 200 } },
  ]);
  const { by } = await ask("/list");
  for (const slot of ["2-a", "2-b"]) await nodes.get(slot)?.close();
  await until("version 1 answers", async () => (await ask("/shop/x")).by.startsWith("1-"), 30_000);
  for (const slot of ["1-a", "1-b"]) await nodes.get(slot)?.close();
  await until("nobody is there", async () => (await ask("/shop/x")).by === "nobody", 30_000);
  const instead = await ask("/shop/x");
  assert.equal(instead.status, 200);
  assert.equal(instead.answer.headers.get("cache-control"), "no-store");
  // What would change something has failed.
  assert.equal((await ask("/shop", {}, "POST")).status, 503);
  // A second at most it is fresh, then it is stale.
  const stale = await until(
    "the stored answer is stale",
    async () => {
      const asked = await ask("/list");
      assert.deepEqual([asked.status, asked.by], [200, by]);
      return /ttl=-/.test(asked.answer.headers.get("cache-status") ?? "") ? asked : undefined;
    },
    30_000,
  );
  assert.ok(stale);
});
