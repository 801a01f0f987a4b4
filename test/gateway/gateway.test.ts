import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, raw, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { validate } from "../contract/support/openapi.ts";
import { rawHttp } from "../support/raw-http.ts";
import { stopwatch } from "../support/stopwatch.ts";
import { until } from "../support/until.ts";

const Book = z.object({ id: z.int(), title: z.string(), tags: z.array(z.string()).optional() });
const books = contract("books", {
  get: op({
    http: "GET /books/:id",
    auth: "public",
    input: z.object({ id: z.int() }),
    output: Book,
    errors: { NoSuchBook: { status: 404, data: z.object({ id: z.int() }) } },
  }),
  find: op({
    http: "GET /books",
    auth: "public",
    input: z.object({ limit: z.int().max(10).optional(), tag: z.array(z.string()).optional() }),
    output: z.object({ limit: z.int().nullable(), tags: z.array(z.string()) }),
  }),
  add: op({ http: "POST /books", status: 201, auth: "public", input: Book, output: Book }),
  replace: op({ http: "PUT /books/:id", auth: "public", input: Book, output: Book }),
  remove: op({
    http: "DELETE /books/:id",
    scopes: ["books:write"],
    input: z.object({ id: z.int() }),
  }),
  buy: op({
    http: "POST /buy",
    idempotency: "required",
    output: z.object({ by: z.string(), key: z.string() }),
  }),
  hang: op({ http: "GET /hang", auth: "public", deadlineMs: 150 }),
  hold: op({ http: "GET /hold", auth: "public" }),
  page: raw({ http: "GET /pages/*", auth: "public" }),
});
const keys = contract("keys", {
  list: op({ output: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }) }),
});

let distributor: Distributor;
let gateway: Gateway;
let gatewayNode: MeshNode;
let bookNode: MeshNode;
let base: string;
let cancelled = 0;
let held = 0;
let jwk: JWK;
let keyFetches = 0;
const pair = await generateKeyPair("EdDSA", { extractable: true });
const otherPair = await generateKeyPair("EdDSA", { extractable: true });

const bookService = service(books, ({ handle }) =>
  handle({
    get: ({ id }, ctx) => (id === 404 ? ctx.fail("NoSuchBook", { id }) : { id, title: "두레" }),
    find: ({ limit, tag }) => ({ limit: limit ?? null, tags: tag ?? [] }),
    add: (book) => book,
    replace: (book) => book,
    remove: () => {},
    buy: (_, ctx) => ({ by: ctx.principal?.subject ?? "", key: ctx.idempotencyKey ?? "" }),
    hang: () => new Promise(() => {}),
    hold: (_, ctx) => {
      held += 1;
      return new Promise((_resolve, reject) => {
        ctx.signal.addEventListener("abort", () => {
          cancelled += 1;
          reject(ctx.signal.reason);
        });
      });
    },
    page: (request) =>
      new Response(`<h1>${new URL(request.url).pathname}</h1>`, {
        status: 203,
        headers: { "content-type": "text/html", connection: "x-secret", "x-secret": "1" },
      }),
  }),
);

const join = (name: string, services: Parameters<typeof createNode>[0]["services"]) =>
  createNode({
    name,
    mesh: "test",
    services,
    distributors: [{ host: "127.0.0.1", port: distributor.port }],
  });

before(async () => {
  jwk = { ...(await exportJWK(pair.publicKey)), kid: "one", alg: "EdDSA" };
  distributor = await createDistributor({ mesh: "test", port: 0 });
  bookNode = await join("books", [bookService]);
  await join("keys", [
    service(keys, ({ handle }) =>
      handle({
        list: () => {
          keyFetches += 1;
          return { keys: [jwk as Record<string, unknown>] };
        },
      }),
    ),
  ]).then((node) => nodes.push(node));
  gatewayNode = await join("gateway", []);
  gateway = await createGateway({
    node: gatewayNode,
    port: 0,
    auth: {
      issuers: [
        {
          issuer: "test",
          audience: "shop",
          algorithms: ["EdDSA"],
          jwks: { operation: "keys.list" },
        },
      ],
    },
  });
  base = gateway.url;
  await until("the gateway knows the services", () => gateway.isReady(["books", "keys"]));
});
const nodes: MeshNode[] = [];
after(async () => {
  await gateway.close();
  await Promise.all([gatewayNode, bookNode, ...nodes].map((node) => node.close()));
  await distributor.close();
});

async function api(path: string, init?: RequestInit) {
  const response = await fetch(base + path, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}
const json = (body: unknown, method = "POST"): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

test("path and query become typed input; output comes back as it is", async () => {
  assert.deepEqual((await api("/books/7")).body, { id: 7, title: "두레" });
  assert.deepEqual((await api("/books?limit=3&tag=a&tag=b")).body, { limit: 3, tags: ["a", "b"] });
  const added = await api("/books", json({ id: 1, title: "x", stranger: true }));
  assert.deepEqual([added.status, added.body], [201, { id: 1, title: "x" }]);
  assert.deepEqual((await api("/books/9", json({ title: "y" }, "PUT"))).body, {
    id: 9,
    title: "y",
  });
});

test("requests are counted by route and status, and those without a route together", async () => {
  await api("/books/7");
  await api("/nowhere/7");
  await api("/nowhere/8");
  const samples = gatewayNode.metrics
    .read()
    .find(({ name }) => name === "dure_gateway_duration_seconds")?.samples;
  const countOf = (method: string, route: string, status: string) =>
    samples?.find(
      ([suffix, labels]) =>
        suffix === "_count" &&
        labels.method === method &&
        labels.route === route &&
        labels.status === status,
    )?.[2];
  assert.equal(countOf("GET", "/books/:id", "200"), 2);
  assert.equal(countOf("POST", "/books", "201"), 1);
  assert.equal(countOf("", "", "404"), 2);
});

test("errors are problem documents that name the field", async () => {
  for (const [path, init, field] of [
    ["/books/x", undefined, "id"],
    ["/books?limit=11", undefined, "limit"],
    ["/books", json({ id: "1", title: "x" }), "id"],
    ["/books", json({ id: 1 }), "title"],
    ["/books/9", json({ id: 9, title: "x" }, "PUT"), "id"],
  ] as const) {
    const { status, body, headers } = await api(path, init);
    assert.equal(status, 400, `${path} ${JSON.stringify(body)}`);
    assert.match(headers.get("content-type") ?? "", /application\/problem\+json/);
    assert.equal(body.errors[0].field, field);
    assert.equal(body.requestId, headers.get("x-request-id"));
  }
  const missing = await api("/books/404");
  assert.equal(missing.status, 404);
  assert.deepEqual([missing.body.code, missing.body.data], ["NoSuchBook", { id: 404 }]);
});

test("404, 405 with Allow, 415, bad JSON, 413 and 431 where they belong", async () => {
  assert.equal((await api("/nowhere")).status, 404);
  const method = await api("/books/1", { method: "PATCH" });
  assert.deepEqual([method.status, method.headers.get("allow")], [405, "DELETE, GET, HEAD, PUT"]);
  assert.equal(
    (await api("/books", { method: "POST", body: "x", headers: { "content-type": "text/plain" } }))
      .status,
    415,
  );
  assert.equal(
    (
      await api("/books", {
        method: "POST",
        body: "{nonsense",
        headers: { "content-type": "application/json" },
      })
    ).status,
    400,
  );
  const tooLarge =
    "POST /books HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n";
  assert.match(await rawHttp(gateway.port, tooLarge), /^HTTP\/1\.1 413 /);
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const endless = `POST /books HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`;
  assert.match(await rawHttp(gateway.port, endless), /^HTTP\/1\.1 413 /);
  assert.match(
    await rawHttp(
      gateway.port,
      `GET /books HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(65_536)}\r\n\r\n`,
    ),
    /^HTTP\/1\.1 431 /,
  );
});

test("requests that two readers could understand differently are refused and the connection closed", async () => {
  for (const [name, bytes] of [
    ["two hosts", "GET /books HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["no host", "GET /books HTTP/1.1\r\n\r\n"],
    ["malformed host", "GET /books HTTP/1.1\r\nHost: a b\r\n\r\n"],
    ["dot segments", "GET /books/../books HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["encoded dot segments", "GET /books/%2e%2e/books HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["NUL", "GET /books%00 HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["not ASCII", "GET /b\xf6oks HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["bad escape", "GET /books%zz HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["overlong UTF-8", "GET /books/%c0%af HTTP/1.1\r\nHost: a\r\n\r\n"],
    [
      "length and chunked",
      "POST /books HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["garbage", "\x16\x03\x01\x02\x00\x01\x00"],
  ] as const) {
    const answer = await rawHttp(gateway.port, Buffer.from(bytes, "latin1"));
    assert.match(answer, /^HTTP\/1\.1 400 /, name);
    assert.match(answer, /application\/problem\+json/, name);
  }
});

test("pipelined requests on one connection are answered in order", async () => {
  const get = (id: number) => `GET /books/${id} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const answer = await rawHttp(gateway.port, get(1) + get(2) + get(3), /"id":3/);
  assert.deepEqual(
    [...answer.matchAll(/"id":(\d)/g)].map((match) => match[1]),
    ["1", "2", "3"],
  );
});

test("a service that never answers is 504 at its deadline; a client that leaves cancels the handler", async () => {
  const watch = stopwatch();
  assert.equal((await api("/hang")).status, 504);
  assert.ok(watch.stop() < 1_000);
  const controller = new AbortController();
  const request = fetch(`${base}/hold`, { signal: controller.signal }).catch(() => "gone");
  await until("the handler runs", () => held === 1);
  controller.abort();
  assert.equal(await request, "gone");
  await until("the handler is cancelled", () => cancelled === 1);
});

const token = (
  claims: Record<string, unknown>,
  options: { key?: typeof pair.privateKey; kid?: string; expires?: string } = {},
) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", kid: options.kid ?? "one" })
    .setIssuer(String(claims.iss ?? "test"))
    .setAudience(String(claims.aud ?? "shop"))
    .setExpirationTime(options.expires ?? "5m")
    .sign(options.key ?? pair.privateKey);
const bearer = (value: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { ...(init.headers as object), authorization: `Bearer ${value}` },
});

test("a valid token gives its principal to the handler; scopes are required", async () => {
  const good = await token({ sub: "kim", scope: "a books:write" });
  const bought = await api(
    "/buy",
    bearer(good, { method: "POST", headers: { "idempotency-key": "k1" } }),
  );
  assert.deepEqual([bought.status, bought.body], [200, { by: "kim", key: "k1" }]);
  assert.equal(
    (await api("/buy", bearer(good, { method: "POST" }))).body.errors[0].field,
    "Idempotency-Key",
  );
  assert.equal((await api("/books/1", bearer(good, { method: "DELETE" }))).status, 204);
  const weak = await token({ sub: "kim", scope: "a" });
  assert.equal((await api("/books/1", bearer(weak, { method: "DELETE" }))).status, 403);
});

test("missing and forged tokens are 401 with a challenge, and keys are not fetched for each", async () => {
  const none = await api("/books/1", { method: "DELETE" });
  assert.deepEqual([none.status, none.headers.get("www-authenticate")], [401, "Bearer"]);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"iss":"test","sub":"kim","exp":9999999999,"aud":"shop"}').toString("base64url")}.`;
  const before = keyFetches;
  for (const [name, value] of [
    ["alg none", unsigned],
    ["another key", await token({ sub: "kim" }, { key: otherPair.privateKey })],
    ["expired", await token({ sub: "kim" }, { expires: "-5m" })],
    ["another issuer", await token({ sub: "kim", iss: "evil" })],
    ["another audience", await token({ sub: "kim", aud: "evil" })],
    ["unknown key id", await token({ sub: "kim" }, { kid: "../../etc/passwd" })],
    ["no subject", await token({})],
    ["oversized", `${"a".repeat(9_000)}.b.c`],
    ["nonsense", "nonsense"],
  ] as const) {
    const { status, body } = await api("/books/1", bearer(value, { method: "DELETE" }));
    assert.equal(status, 401, name);
    assert.doesNotMatch(JSON.stringify(body), /stack|jose|at /, name);
  }
  assert.ok(keyFetches - before <= 1);
});

test("a raw operation answers with its own status and headers, without those of its connection", async () => {
  const response = await fetch(`${base}/pages/a/b`);
  assert.deepEqual(
    [response.status, response.headers.get("content-type"), await response.text()],
    [203, "text/html", "<h1>/pages/a/b</h1>"],
  );
  const head = await fetch(`${base}/books/7`, { method: "HEAD" });
  assert.deepEqual(
    [head.status, head.headers.get("content-length"), await head.text()],
    [200, "25", ""],
  );
});

test("health, readiness and a valid OpenAPI document", async () => {
  assert.equal((await api("/healthz")).status, 200);
  assert.equal((await api("/readyz")).status, 200);
  const { body } = await api("/openapi.json");
  const result = await validate(body);
  assert.ok(result.valid, JSON.stringify(result.errors));
  assert.ok(body.paths["/books/{id}"].get);
});

test("a service that appears or vanishes changes the routes with no restart; gone is 503, not 404", async () => {
  assert.equal((await api("/late")).status, 404);
  const late = contract("late", {
    get: op({ http: "GET /late", auth: "public", output: z.object({ ok: z.boolean() }) }),
  });
  const node = await join("late", [
    service(late, ({ handle }) => handle({ get: () => ({ ok: true }) })),
  ]);
  await until("the route appears", async () => (await api("/late")).status === 200);
  await node.drain();
  await node.close();
  const { status, headers } = await api("/late");
  assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
});
