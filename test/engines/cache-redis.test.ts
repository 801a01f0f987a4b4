import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { after, before, type TestContext, test } from "node:test";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { type Logger, silentLogger } from "../../src/telemetry/index.ts";
import { isRedisUp } from "../gateway/cache/support.ts";
import { startOrigin } from "../gateway/upstream/support.ts";
import { requestAs } from "../support/request-as.ts";
import { until } from "../support/until.ts";
import { type OwnServer, startServer } from "./support/own-server.ts";
import { administerRedis, openRedis, redisServer } from "./support/redis-server.ts";

let server: OwnServer;
before(async () => {
  server = await startServer(redisServer);
});
after(() => server.close());

interface Edge {
  readonly node: MeshNode;
  readonly gateway: Gateway;
  /** What its log says of Redis. */
  readonly told: string[];
  get(path: string, method?: string): Promise<{ status: number; text: string; isHit: boolean }>;
  isUp(): boolean;
}

/** An origin, and gateways before it that share a cache. */
async function start(t: TestContext) {
  const asked: string[] = [];
  const says: { answer: (request: IncomingMessage) => string | Promise<string> } = {
    answer: () => `answer ${asked.length}`,
  };
  const upstream = await startOrigin(t, async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const body = await says.answer(request);
    response.writeHead(200, { "cache-control": "max-age=600, stale-if-error=600" }).end(body);
  });
  const startEdge = async (redisPort = () => server.port): Promise<Edge> => {
    const node = await createNode({ name: "edge", mesh: "test", distributors: [], services: [] });
    const told: string[] = [];
    const tell = (message: string) => {
      if (message.includes("Redis")) told.push(message);
    };
    const logger: Logger = { ...silentLogger, info: tell, warn: tell };
    const gateway = await createGateway({
      ...{ node, port: 0, logger },
      routes: [{ path: "/*", upstream, auth: "public", cache: true }],
      cache: { shared: "redis" },
      redis: openRedis(redisPort),
    });
    t.after(async () => {
      await gateway.close();
      await node.close();
    });
    const isUp = () => isRedisUp(node);
    if (redisPort() === server.port) await until("Redis is there", isUp);
    const get = async (path: string, method = "GET") => {
      const got = await requestAs("shop.example", gateway.port, method, path);
      const isHit = /Dure; hit/.test(got.headers["cache-status"]?.toString() ?? "");
      return { status: got.status, text: got.text, isHit };
    };
    return { node, gateway, told, get, isUp };
  };
  return { asked, says, startEdge };
}

const administer = (...command: string[]) => administerRedis(server.port, command);

/** Waits until a second gateway has what the first one got. */
async function fill(path: string, first: Edge, second: Edge): Promise<string> {
  const { text } = await first.get(path);
  await until(`${path} is shared`, async () => {
    const got = await second.get(path);
    return got.isHit && got.text === (await first.get(path)).text;
  });
  return text;
}

test("what one gateway got, the others have, also those that start later", async (t) => {
  const { asked, startEdge } = await start(t);
  const first = await startEdge();
  const { text } = await first.get("/later");
  await first.gateway.close();
  const later = await startEdge();
  assert.deepEqual(await later.get("/later"), { status: 200, text, isHit: true });
  assert.deepEqual(await later.get("/later"), { status: 200, text, isHit: true });
  assert.deepEqual(asked, ["GET /later"]);
});

test("each key in the server goes by itself, but for the few that are bounded", async (t) => {
  const { startEdge } = await start(t);
  await fill("/bounded", await startEdge(), await startEdge());
  const names: string[] = await administer("KEYS", "dure:test:cache:1:*");
  for (const name of names) {
    const isBounded = /:(era|purges|places)$/.test(name);
    const leftMs = await administer("PTTL", name);
    assert.ok(isBounded || (leftMs > 0 && leftMs <= 1_200_000), `${name} ${leftMs}`);
  }
});

test("a change through one gateway is seen through all of them", async (t) => {
  const { startEdge } = await start(t);
  const edges = [await startEdge(), await startEdge()] as const;
  const old = await fill("/changed", ...edges);
  await fill("/other", ...edges);
  await edges[0].get("/changed", "POST");
  for (const { get } of edges)
    await until("the old one is gone", async () => (await get("/changed")).text !== old);
  const fresh = await startEdge();
  assert.notEqual((await fresh.get("/changed")).text, old);
  for (const { get } of edges) assert.ok((await get("/other")).isHit);
});

test("what was asked for before a change elsewhere is not stored after it", async (t) => {
  const { asked, says, startEdge } = await start(t);
  const [slow, quick] = [await startEdge(), await startEdge()];
  const opened = Promise.withResolvers<void>();
  says.answer = async ({ method }) => {
    if (method === "GET") await opened.promise;
    return "old";
  };
  const before = slow.get("/raced");
  await until("the origin is asked", () => asked.length === 1);
  await quick.get("/raced", "PUT");
  opened.resolve();
  assert.equal((await before).text, "old");
  says.answer = () => "new";
  const fresh = await startEdge();
  assert.equal((await fresh.get("/raced")).text, "new");
  await until("the slow one knows", async () => (await slow.get("/raced")).text === "new");
});

test("of many who ask at once, one asks Redis and one the origin", async (t) => {
  const { asked, says, startEdge } = await start(t);
  const edge = await startEdge();
  const opened = Promise.withResolvers<void>();
  says.answer = async () => {
    await opened.promise;
    return "one";
  };
  const all = Array.from({ length: 20 }, () => edge.get("/together"));
  await until("the origin is asked", () => asked.length > 0);
  opened.resolve();
  for (const { text } of await Promise.all(all)) assert.equal(text, "one");
  assert.equal(asked.length, 1);
});

test("while Redis hangs, and after it died, gateways answer as ever; it is taken up again, and no change is lost", async (t) => {
  const { says, startEdge } = await start(t);
  says.answer = () => "first";
  const edges = [await startEdge(), await startEdge()] as const;
  await fill("/steady", ...edges);
  await fill("/stays", ...edges);
  let isOver = false;
  const answered = [0, 0];
  const loads = edges.map(async ({ get }, edge) => {
    for (let count = 0; !isOver; count += 1) {
      for (const path of ["/steady", `/new/${edge}/${count}`])
        assert.equal((await get(path)).status, 200);
      answered[edge] = count;
    }
  });
  const goesOn = async () => {
    const before = [...answered];
    await until("requests are answered", () =>
      answered.every((count, edge) => count > (before[edge] ?? 0) + 5),
    );
  };
  const areUp = (isUp: boolean) =>
    until(`it is ${isUp ? "there" : "away"}`, () => edges.every((edge) => edge.isUp() === isUp));
  await goesOn();

  server.freeze();
  await areUp(false);
  await goesOn();
  says.answer = () => "second";
  // The other one cannot learn of it, but Redis will.
  await edges[0].get("/stays", "POST");
  server.thaw();
  await areUp(true);
  for (const { get } of edges)
    await until("the change is seen", async () => (await get("/stays")).text === "second");
  await goesOn();

  await server.killAndRestart();
  await areUp(true);
  await goesOn();
  await fill("/shared-again", ...edges);
  isOver = true;
  await Promise.all(loads);
  for (const { told } of edges) {
    const [away, back] = [/goes on without Redis/, /through Redis again/];
    for (const [index, line] of told.entries()) assert.match(line, index % 2 === 0 ? away : back);
    assert.ok(told.length >= 4);
  }
});

test("a gateway that finds no Redis when it starts says so once, and has its memory", async (t) => {
  const { startEdge } = await start(t);
  const { told, get } = await startEdge(() => 1);
  assert.equal((await get("/alone")).status, 200);
  assert.ok((await get("/alone")).isHit);
  await until("it is told", () => told.length > 0);
  assert.match(told.join(), /^the cache goes on without Redis/);
});

test("a cache that is shared by nothing is refused at the start", async () => {
  const node = await createNode({ name: "edge", mesh: "test", distributors: [], services: [] });
  await assert.rejects(
    createGateway({ node, port: 0, cache: { shared: "redis" } }),
    /gateway.cache is shared by Redis, and there is none; set gateway.redis/,
  );
  await node.close();
});
