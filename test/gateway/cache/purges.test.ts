import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { eventLogService, memoryStorage, meshEvents } from "../../../src/events/index.ts";
import { createGateway, type GatewayOptions } from "../../../src/gateway/index.ts";
import { contract, event, op, type Service, service } from "../../../src/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { createDistributor } from "../../../src/registry/index.ts";
import { until } from "../../support/until.ts";
import { startOrigin } from "../upstream/support.ts";

const Thing = z.object({ id: z.int(), name: z.string() });
const ById = z.object({ id: z.int() });
const things = contract("things", {
  get: op({
    http: "GET /things/:id",
    auth: "public",
    input: ById,
    output: Thing,
    cache: { maxAgeS: 600, tags: ["thing:{id}"] },
  }),
  list: op({
    http: "GET /things",
    auth: "public",
    output: z.object({ items: z.array(Thing) }),
    cache: { maxAgeS: 600, tags: ["things"] },
  }),
  rename: op({ http: "POST /rename", auth: "public", input: Thing }),
  renamed: event(Thing, { purges: ["things", "thing:{id}"] }),
});

/** A mesh with an event log, a service with two things, and gateways. */
async function start(t: TestContext) {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  t.after(() => distributor.close());
  const join = async (name: string, services: readonly Service[]) => {
    const node = await createNode({
      name,
      mesh: "test",
      services,
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      events: meshEvents(),
    });
    t.after(() => node.close());
    return node;
  };
  const startLog = () => join("log", [eventLogService({ storage: async () => memoryStorage() })]);
  const names = new Map([
    [1, "one"],
    [2, "two"],
  ]);
  await join("things", [
    service(things, ({ handle }) =>
      handle({
        get: ({ id }) => ({ id, name: names.get(id) ?? "" }),
        list: () => ({ items: [...names].map(([id, name]) => ({ id, name })) }),
        rename: async (thing, ctx) => {
          names.set(thing.id, thing.name);
          await ctx.publish(things.renamed, thing);
        },
      }),
    ),
  ]);
  const startGateway = async (options: Partial<GatewayOptions> = {}) => {
    const gateway = await createGateway({ node: await join("gateway", []), port: 0, ...options });
    t.after(() => gateway.close());
    await until("it routes", () => gateway.isReady(["things"]), 30_000);
    const get = async (path: string) => {
      const answer = await fetch(gateway.url + path);
      const isHit = /Dure; hit/.test(answer.headers.get("cache-status") ?? "");
      return { answer, isHit, text: await answer.text() };
    };
    /** Waits until answers stay: the cache is emptied once when the gateway begins to follow the log. */
    const fill = (path: string) => until("it is kept", async () => (await get(path)).isHit, 30_000);
    return { ...gateway, url: gateway.url, get, fill };
  };
  return { startGateway, startLog };
}

const post = (url: string, body: unknown) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("an event purges what it names on every gateway, and nothing else", async (t) => {
  const { startGateway, startLog } = await start(t);
  await startLog();
  const gateways = [await startGateway(), await startGateway()];
  for (const { fill } of gateways)
    for (const path of ["/things/1", "/things/2", "/things"]) await fill(path);
  // The log is followed by now, or will be soon: then it is emptied once more, and fills again.
  const [first] = gateways;
  let name = 0;
  for (const { get } of gateways) {
    await until(
      "the change is seen",
      async () => {
        name += 1;
        assert.equal(
          (await post(`${first?.url}/rename`, { id: 1, name: `name ${name}` })).status,
          204,
        );
        const seen = `{"id":1,"name":"name ${name}"}`;
        await until("this one", async () => (await get("/things/1")).text === seen, 30_000);
        return (
          (await get("/things")).text.includes(`name ${name}`) && (await get("/things/2")).isHit
        );
      },
      30_000,
    );
  }
});

test("clients are told to ask each time, and get 304 while nothing changed", async (t) => {
  const { startGateway, startLog } = await start(t);
  await startLog();
  const { get, fill, url } = await startGateway();
  await fill("/things/1");
  const { answer } = await get("/things/1");
  assert.equal(answer.headers.get("cache-control"), "no-cache");
  assert.equal(answer.headers.get("surrogate-key"), null);
  const tag = answer.headers.get("etag") ?? "";
  const request = new Request(`${url}/things/1`, { headers: { "if-none-match": tag } });
  assert.equal((await fetch(request)).status, 304);
});

test("an HTTP server names its answers by Surrogate-Key, and events purge them too", async (t) => {
  let asked = 0;
  const upstream = await startOrigin(t, (_request, response) => {
    asked += 1;
    response.setHeader("surrogate-key", "page thing:1").setHeader("cache-control", "max-age=600");
    response.end(`page ${asked}`);
  });
  const { startGateway, startLog } = await start(t);
  await startLog();
  const routes = [{ path: "/pages/*", upstream, auth: "public", cache: true }] as const;
  const { get, fill, url } = await startGateway({ routes });
  await fill("/pages/1");
  assert.equal((await get("/pages/1")).answer.headers.get("surrogate-key"), null);
  const { text } = await get("/pages/1");
  await post(`${url}/rename`, { id: 1, name: "x" });
  await until("it is purged", async () => (await get("/pages/1")).text !== text, 30_000);
});

test("without a log answers are kept for their lifetime; a log that appears empties the cache once", async (t) => {
  const { startGateway, startLog } = await start(t);
  const { get, fill } = await startGateway();
  await fill("/things/1");
  await startLog();
  await until("it is emptied", async () => !(await get("/things/1")).isHit, 30_000);
  await fill("/things/1");
});

test("a tag that names no field is refused", () => {
  const output = z.object({});
  const cache = { maxAgeS: 1, tags: ["x:{di}"] };
  const get = () => op({ http: "GET /x/:id", auth: "public", input: ById, output, cache });
  assert.throws(() => contract("x", { get: get() }), /"x:\{di\}" names di/);
  assert.throws(() => contract("x", { y: event(ById, { purges: ["a b"] }) }), /not a tag/);
});
