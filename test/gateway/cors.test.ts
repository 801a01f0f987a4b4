import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { z } from "zod";
import { type CorsOptions, createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, raw, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";

const books = contract("books", {
  get: op({
    http: "GET /books/:id",
    auth: "public",
    input: z.object({ id: z.int() }),
    output: z.object({ id: z.int() }),
  }),
  replace: op({ http: "PUT /books/:id", input: z.object({ id: z.int() }) }),
  page: raw({ http: "GET /page", auth: "public" }),
});

const shop = "https://shop.example";
const evil = "https://evil.example";
let node: MeshNode;
let gateway: Gateway | undefined;
let upstream: Server;
let upstreamRequests = 0;

before(async () => {
  const bookService = service(books, ({ handle }) =>
    handle({
      get: ({ id }) => ({ id }),
      replace: () => {},
      page: () =>
        new Response("page", {
          headers: { vary: "Accept", "access-control-allow-origin": "*", "x-own": "1" },
        }),
    }),
  );
  node = await createNode({ name: "books", distributors: [], services: [bookService] });
  upstream = createServer((_, response) => {
    upstreamRequests += 1;
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.end("legacy");
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  await node.close();
  upstream.close();
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

async function start(cors?: CorsOptions): Promise<void> {
  const { port } = upstream.address() as AddressInfo;
  gateway = await createGateway({
    node,
    port: 0,
    cors,
    routes: [{ path: "/legacy/*", upstream: `http://127.0.0.1:${port}`, auth: "public" }],
  });
}

async function ask(path: string, headers: Record<string, string>, method = "GET") {
  const response = await fetch(`${gateway?.url}${path}`, { method, headers });
  const text = await response.text();
  const given = [...response.headers].filter(
    ([name]) => name.startsWith("access-control-") || name === "vary",
  );
  return { status: response.status, text, fields: Object.fromEntries(given) };
}
const preflight = (path: string, origin: string, method: string) =>
  ask(path, { origin, "access-control-request-method": method }, "OPTIONS");

const readable = {
  "access-control-allow-origin": shop,
  "access-control-expose-headers": "ratelimit, ratelimit-policy, retry-after, x-request-id",
  vary: "Origin",
};

test("pages of named origins may read answers, refusals too; others get the answer without leave to read it", async () => {
  await start({ origins: [shop, "http://localhost:5173"] });
  const good = await ask("/books/7", { origin: shop });
  assert.deepEqual([good.status, good.text, good.fields], [200, '{"id":7}', readable]);
  for (const path of ["/books/x", "/nowhere", "/healthz"])
    assert.deepEqual((await ask(path, { origin: shop })).fields, readable, path);
  assert.deepEqual((await ask("/books/7", { origin: shop }, "PUT")).fields, readable);
  for (const headers of [{ origin: evil }, { origin: `${shop}.evil.example` }, { origin: "null" }])
    assert.deepEqual((await ask("/books/7", headers)).fields, { vary: "Origin" });
  assert.deepEqual((await ask("/books/7", {})).fields, { vary: "Origin" });
});

test("a preflight is answered for what the path takes, and nothing behind the gateway hears of it", async () => {
  await start({ origins: [shop], headers: ["x-tenant"], maxAgeS: 60 });
  const { status, text, fields } = await preflight("/books/7", shop, "PUT");
  assert.deepEqual([status, text], [204, ""]);
  assert.deepEqual(fields, {
    ...readable,
    "access-control-allow-methods": "PUT",
    "access-control-allow-headers":
      "authorization, content-type, idempotency-key, traceparent, x-tenant",
    "access-control-max-age": "60",
  });
  const other = await preflight("/books/7", shop, "PATCH");
  assert.equal(other.fields["access-control-allow-methods"], "GET, HEAD, PUT");
  const legacy = await preflight("/legacy/a", shop, "PATCH");
  assert.deepEqual([legacy.status, legacy.fields["access-control-allow-methods"]], [204, "PATCH"]);
  assert.equal(upstreamRequests, 0);
  assert.equal((await preflight("/nowhere", shop, "GET")).status, 404);
  const refused = await preflight("/books/7", evil, "PUT");
  assert.equal(refused.status, 403);
  assert.match(refused.text, /pages of https:\/\/evil\.example may not call this/);
  assert.deepEqual(refused.fields, { vary: "Origin" });
  // OPTIONS that is no preflight is a request like any other.
  assert.equal((await ask("/books/7", { origin: shop }, "OPTIONS")).status, 405);
});

test("the gateway alone says who may read: what services and upstreams say of it does not count", async () => {
  await start({ origins: [shop], credentials: true, exposedHeaders: ["x-own"] });
  const expected = {
    "access-control-allow-credentials": "true",
    "access-control-allow-origin": shop,
    "access-control-expose-headers": `${readable["access-control-expose-headers"]}, x-own`,
  };
  const page = await ask("/page", { origin: shop });
  assert.deepEqual(page.fields, { ...expected, vary: "Accept, Origin" });
  assert.deepEqual((await ask("/page", { origin: evil })).fields, { vary: "Accept, Origin" });
  const legacy = await ask("/legacy/a", { origin: shop });
  assert.deepEqual([legacy.text, legacy.fields], ["legacy", { ...expected, vary: "Origin" }]);
});

test("for every origin nothing depends on who asks", async () => {
  await start({ origins: ["*"] });
  const { fields } = await ask("/books/7", { origin: evil });
  assert.equal(fields["access-control-allow-origin"], "*");
  assert.equal(fields.vary, undefined);
});

test("without the setting the gateway says nothing of it", async () => {
  await start();
  assert.deepEqual((await ask("/books/7", { origin: shop })).fields, {});
  assert.equal((await preflight("/books/7", shop, "PUT")).status, 405);
});

test("settings that would open more than they say are refused at the start", async () => {
  for (const [cors, message] of [
    [{ origins: [] }, /needs an origin/],
    [{ origins: ["*"], credentials: true }, /origins must be named/],
    [{ origins: ["*", shop] }, /"\*" is every origin/],
    ...[
      "shop.example",
      "https://shop.example/",
      "https://Shop.example",
      "https://shop.example:443",
      "https://*.shop.example",
      "null",
      "file://",
    ].map((origin) => [{ origins: [origin] }, /is no origin/] as const),
  ] as const)
    await assert.rejects(start(cors), message, JSON.stringify(cors));
});
