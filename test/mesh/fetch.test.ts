import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { contract, op, raw, service, stream } from "../../src/index.ts";
import {
  connect,
  createDistributor,
  createNode,
  type Distributor,
  type MeshNode,
} from "../../src/node.ts";
import { until } from "../support/until.ts";

const Book = z.object({ id: z.int(), title: z.string() });
const books = contract("books", {
  get: op({
    http: "GET /books/:id",
    input: z.object({ id: z.int() }),
    output: Book,
    errors: { NoSuchBook: { status: 404, data: z.object({ id: z.int() }) } },
  }),
  add: op({ http: "POST /books", status: 201, input: Book, output: Book }),
  remove: op({ http: "DELETE /books/:id", input: z.object({ id: z.int() }) }),
  all: op({ http: "GET /books", output: stream(Book) }),
  cover: raw({ http: "GET /books/:id/cover" }),
  hold: op({ http: "GET /hold" }),
});
const readers = contract("readers", {
  title: op({
    input: z.object({ id: z.int() }),
    output: z.object({ title: z.string(), left: z.number() }),
  }),
});

let held = 0;
let cancelled = 0;
const bookService = service(books, ({ handle }) =>
  handle({
    get: ({ id }, ctx) => (id === 404 ? ctx.fail("NoSuchBook", { id }) : { id, title: `${id}` }),
    add: (book) => book,
    remove: () => {},
    all: async function* () {
      for (let id = 0; id < 3; id += 1) yield { id, title: `${id}` };
    },
    cover: (request) =>
      new Response(`cover of ${new URL(request.url).pathname}`, {
        status: 203,
        headers: { "content-type": "text/plain", "x-seen": request.headers.get("x-give") ?? "" },
      }),
    hold: (_, ctx) => {
      held += 1;
      return new Promise((_resolve, reject) => {
        ctx.signal.addEventListener("abort", () => {
          cancelled += 1;
          reject(ctx.signal.reason);
        });
      });
    },
  }),
);
const readerService = service(readers, ({ handle }) =>
  handle({
    title: async ({ id }, ctx) => {
      const response = await ctx.fetch(`http://books/books/${id}`);
      const { title } = (await response.json()) as { title: string };
      return { title, left: ctx.remainingMs() };
    },
  }),
);

let distributor: Distributor;
const nodes: MeshNode[] = [];
let mesh: Awaited<ReturnType<typeof connect>>;
before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  const join = async (name: string, services: Parameters<typeof createNode>[0]["services"]) =>
    nodes.push(await createNode({ name, mesh: "test", distributors, services }));
  await join("books", [bookService]);
  await join("books", [bookService]);
  await join("readers", [readerService]);
  mesh = await connect({ name: "script", mesh: "test", join: [`127.0.0.1:${distributor.port}`] });
});
after(async () => {
  await mesh.close();
  await Promise.all(nodes.map((node) => node.close()));
  await distributor.close();
});

test("a URL of a service is answered by an instance of it", async () => {
  const got = await mesh.fetch("http://books/books/7");
  assert.equal(got.status, 200);
  assert.equal(got.headers.get("content-type"), "application/json");
  assert.deepEqual(await got.json(), { id: 7, title: "7" });
  const body = JSON.stringify({ id: 1, title: "두레" });
  const headers = { "content-type": "application/json" };
  const added = await mesh.fetch("http://books/books", { method: "POST", headers, body });
  assert.equal(added.status, 201);
  assert.deepEqual(await added.json(), { id: 1, title: "두레" });
  const removed = await mesh.fetch("http://books/books/1", { method: "DELETE" });
  assert.equal(removed.status, 204);
  const cover = await mesh.fetch("http://books/books/1/cover", { headers: { "x-give": "yes" } });
  assert.deepEqual(
    [cover.status, cover.headers.get("x-seen"), await cover.text()],
    [203, "yes", "cover of /books/1/cover"],
  );
});

test("a stream comes as lines of JSON", async () => {
  const text = await (await mesh.fetch("http://books/books")).text();
  assert.deepEqual(
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id),
    [0, 1, 2],
  );
  const left = await mesh.fetch("http://books/books");
  await left.body?.cancel();
});

test("failures are the gateway's problem documents", async () => {
  const cases = [
    ["http://books/books/404", 404, "NoSuchBook"],
    ["http://books/books/many", 400, "INVALID_ARGUMENT"],
    ["http://books/nothing", 404, "NOT_FOUND"],
  ] as const;
  for (const [url, status, code] of cases) {
    const response = await mesh.fetch(url);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    const problem = (await response.json()) as { code: string };
    assert.deepEqual([response.status, problem.code], [status, code], url);
  }
  const wrongMethod = await mesh.fetch("http://books/hold", { method: "DELETE" });
  assert.deepEqual([wrongMethod.status, wrongMethod.headers.get("allow")], [405, "GET, HEAD"]);
});

test("a service that nobody offers is waited for, then 503", async () => {
  const response = await mesh.fetch("http://nobody/here");
  assert.equal(response.status, 503);
  assert.match(((await response.json()) as { detail: string }).detail, /no node offers "nobody"/);
});

test("its signal ends the work below", async () => {
  const controller = new AbortController();
  const pending = mesh.fetch("http://books/hold", { signal: controller.signal });
  await until("it is held", () => held === 1);
  controller.abort();
  await assert.rejects(pending, { name: "AbortError" });
  await until("it is cancelled", () => cancelled === 1);
});

test("in a handler it has the time of its call", async () => {
  const { title, left } = await mesh.client(readers).title({ id: 3 }, { deadlineMs: 2_000 });
  assert.equal(title, "3");
  assert.ok(left > 0 && left <= 2_000);
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(mesh.fetch("http://books/books/1", { signal: controller.signal }));
});

test("URLs and addresses that make no sense are named", async () => {
  await assert.rejects(mesh.fetch("https://books/books/1"), { code: "INVALID_ARGUMENT" });
  await assert.rejects(mesh.fetch("http://books:80808/"), TypeError);
  await assert.rejects(mesh.fetch("http://books:81/books/1"), { message: /has no port/ });
  await assert.rejects(connect({ name: "script", join: ["nowhere"] }), {
    code: "INVALID_ARGUMENT",
    message: /"nowhere" is not an address/,
  });
});
