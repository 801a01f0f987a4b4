import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { httpClient } from "../../src/http-client/index.ts";
import { contract, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { until } from "../support/until.ts";

const Book = z.object({ id: z.int(), title: z.string() });
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
    input: z.object({ text: z.string(), tags: z.array(z.string()).optional() }),
    output: z.array(Book),
  }),
  rename: op({
    http: "PUT /books/:id",
    auth: "public",
    input: Book,
    output: z.object({ key: z.string(), title: z.string() }),
  }),
  remove: op({ http: "DELETE /books/:id", auth: "public", input: z.object({ id: z.int() }) }),
  secret: op({ http: "GET /secret", output: z.string() }),
  slow: op({ http: "GET /slow", auth: "public", output: z.string() }),
  count: op({
    http: "GET /count/:to",
    auth: "public",
    input: z.object({ to: z.int() }),
    output: stream(z.object({ index: z.int() })),
    errors: { TooMany: { status: 422 } },
  }),
  total: op({
    http: "POST /total",
    auth: "public",
    input: stream(z.object({ index: z.int() })),
    output: z.object({ total: z.int() }),
  }),
  inner: op({ output: z.string() }),
});

let ended = 0;
const booksService = service(books, ({ handle }) =>
  handle({
    get: ({ id }, ctx) => (id === 7 ? { id, title: "Dune & Co" } : ctx.fail("NoSuchBook", { id })),
    find: ({ text, tags = [] }) => [{ id: tags.length, title: `${text} ${tags.join("+")}` }],
    rename: ({ title }, ctx) => ({ key: ctx.idempotencyKey ?? "none", title }),
    remove: () => {},
    secret: () => "secret",
    slow: () => new Promise(() => {}),
    count: async function* ({ to }, ctx) {
      if (to < 0) ctx.fail("TooMany");
      try {
        for (let index = 0; index < to; index += 1) yield { index };
      } finally {
        ended += 1;
      }
    },
    total: async (items) => {
      let total = 0;
      for await (const { index } of items) total += index;
      return { total };
    },
    inner: () => "inner",
  }),
);

let node: MeshNode;
let gateway: Gateway;
before(async () => {
  node = await createNode({
    name: "books",
    mesh: "test",
    distributors: [],
    services: [booksService],
  });
  gateway = await createGateway({ node, port: 0 });
});
after(async () => {
  await gateway.close();
  await node.close();
});
const client = (baseUrl = gateway.url) => httpClient(books, { baseUrl });

test("input goes where the gateway looks for it: path, query, body and the key's header", async () => {
  assert.deepEqual(await client().get({ id: 7 }), { id: 7, title: "Dune & Co" });
  assert.deepEqual(await client(`${gateway.url}/`).find({ text: "a b&c", tags: ["x", "ü"] }), [
    { id: 2, title: "a b&c x+ü" },
  ]);
  assert.deepEqual(await client().rename({ id: 7, title: "Emma" }, { idempotencyKey: "k1" }), {
    key: "k1",
    title: "Emma",
  });
  assert.equal(await client().remove({ id: 7 }), undefined);
});

test("errors are those of the mesh: the contract's own, and the platform's with what is wrong", async () => {
  const missing = await client().get({ id: 8 }).result();
  assert.ok(!missing.ok && missing.error.code === "NoSuchBook");
  assert.deepEqual(missing.error.data, { id: 8 });
  await assert.rejects(client().get({ id: 8 }), (error) => books.get.is(error, "NoSuchBook"));
  await assert.rejects(client().get({ id: "7" as never }), { code: "INVALID_ARGUMENT" });
  await assert.rejects(client().secret(), { code: "UNAUTHENTICATED" });
  await assert.rejects(
    httpClient(books, { baseUrl: gateway.url, token: () => "rubbish" }).secret(),
    { code: "UNAUTHENTICATED", message: /token/ },
  );
  await assert.rejects(client().inner(), {
    code: "UNIMPLEMENTED",
    message: /not offered over HTTP/,
  });
});

test("a call ends with its time, and with its caller", async () => {
  await assert.rejects(client().slow(undefined, { deadlineMs: 30 }), { code: "DEADLINE_EXCEEDED" });
  const caller = new AbortController();
  const given = client().slow(undefined, { signal: caller.signal });
  caller.abort();
  await assert.rejects(given, { code: "CANCELLED" });
  await assert.rejects(client().slow(undefined, { signal: caller.signal }), { code: "CANCELLED" });
});

test("streams go both ways; leaving the loop ends the work behind it", async () => {
  const indexes: number[] = [];
  for await (const { index } of client().count({ to: 1_000 })) indexes.push(index);
  assert.deepEqual(
    indexes,
    Array.from({ length: 1_000 }, (_, index) => index),
  );
  const before = ended;
  for await (const { index } of client().count({ to: Number.MAX_SAFE_INTEGER })) {
    if (index === 3) break;
  }
  await until("the producer has ended", () => ended === before + 1);
  const refused = client().count({ to: -1 })[Symbol.asyncIterator]();
  await assert.rejects(refused.next(), (error) => books.count.is(error, "TooMany"));
  async function* items() {
    for (let index = 1; index <= 100; index += 1) yield { index };
  }
  assert.deepEqual(await client().total(items()), { total: 5_050 });
});

test("what is no gateway is told apart from a refusal", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(client(baseUrl).get({ id: 7 }), { code: "UNAVAILABLE", message: /is http/ });
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  await assert.rejects(client(baseUrl).get({ id: 7 }), {
    code: "UNAVAILABLE",
    message: /books\.get: the connection failed/,
  });
});
