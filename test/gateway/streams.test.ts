import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { until } from "../support/until.ts";

const Item = z.object({ index: z.int(), text: z.string() });
const feed = contract("feed", {
  count: op({
    http: "GET /count/:to",
    auth: "public",
    input: z.object({ to: z.int() }),
    output: stream(Item),
    errors: { TooMany: { status: 422, data: z.object({ most: z.int() }) } },
  }),
  breaks: op({ http: "GET /breaks", auth: "public", output: stream(Item) }),
  endless: op({ http: "GET /endless", auth: "public", output: stream(Item) }),
  sum: op({
    http: "POST /sum",
    auth: "public",
    input: stream(Item),
    output: z.object({ count: z.int(), total: z.int() }),
  }),
  double: op({
    http: "POST /double",
    auth: "public",
    input: stream(Item),
    output: stream(Item),
  }),
});

const log = { produced: 0, ended: 0 };
const feedService = service(feed, ({ handle }) =>
  handle({
    count: async function* ({ to }, ctx) {
      if (to > 1_000) ctx.fail("TooMany", { most: 1_000 });
      for (let index = 0; index < to; index += 1) yield { index, text: "a\nb" };
    },
    breaks: async function* () {
      yield { index: 0, text: "" };
      throw new Error("broken in the middle");
    },
    endless: async function* () {
      try {
        for (let index = 0; ; index += 1) {
          log.produced += 1;
          yield { index, text: "x".repeat(10_000) };
        }
      } finally {
        log.ended += 1;
      }
    },
    sum: async (items) => {
      let count = 0;
      let total = 0;
      for await (const { index } of items) {
        count += 1;
        total += index;
      }
      return { count, total };
    },
    double: async function* (items) {
      for await (const { index, text } of items) yield { index: index * 2, text };
    },
  }),
);

let node: MeshNode;
let gateway: Gateway;
before(async () => {
  node = await createNode({
    name: "feed",
    mesh: "test",
    distributors: [],
    services: [feedService],
  });
  gateway = await createGateway({ node, port: 0, limits: { bodyBytesMax: 100_000 } });
});
after(async () => {
  await gateway.close();
  await node.close();
});

const get = (path: string, accept = "*/*") =>
  fetch(`${gateway.url}${path}`, { headers: { accept } });
const post = (path: string, lines: string, type = "application/x-ndjson") =>
  fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { "content-type": type },
    body: lines,
  });
const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("items come one a line", async () => {
  const response = await get("/count/3");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  assert.deepEqual(
    linesOf(await response.text()),
    [0, 1, 2].map((index) => ({ index, text: "a\nb" })),
  );
});

test("an EventSource gets events, and is told that all have come", async () => {
  const response = await get("/count/2", "text/event-stream");
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(
    await response.text(),
    'data: {"index":0,"text":"a\\nb"}\n\ndata: {"index":1,"text":"a\\nb"}\n\nevent: end\ndata:\n\n',
  );
  const refused = await get("/count/1", "text/event-stream;q=0, application/x-ndjson");
  assert.equal(refused.headers.get("content-type"), "application/x-ndjson");
  await refused.text();
});

test("an error before the first item is answered as any other", async () => {
  const response = await get("/count/5000");
  assert.equal(response.status, 422);
  const { code, data } = (await response.json()) as { code: string; data: unknown };
  assert.deepEqual({ code, data }, { code: "TooMany", data: { most: 1_000 } });
  assert.equal((await get("/count/many")).status, 400);
});

test("an error in the middle is an event, or breaks the lines off", async () => {
  const events = await (await get("/breaks", "text/event-stream")).text();
  const [, first, problem] = /^data: (.*)\n\nevent: error\ndata: (.*)\n\n$/.exec(events) ?? [];
  assert.deepEqual(JSON.parse(first ?? ""), { index: 0, text: "" });
  assert.equal(JSON.parse(problem ?? "").status, 500);
  const lines = await get("/breaks");
  assert.equal(lines.status, 200);
  await assert.rejects(lines.text());
});

test("a reader that is slow holds the handler back, and one that leaves ends it", async () => {
  const { produced, ended } = log;
  const request = httpRequest(`${gateway.url}/endless`);
  request.on("error", () => {});
  const response = await new Promise<import("node:http").IncomingMessage>((resolve) => {
    request.on("response", resolve).end();
  });
  response.on("error", () => {});
  let seen = -1;
  await until("the handler stands still", () => {
    const isStill = log.produced === seen && seen > produced;
    seen = log.produced;
    return isStill;
  });
  // Credit of a stream, buffers of two sockets: a few MB of 10 kB items, not all that a handler could make.
  assert.ok(log.produced - produced < 2_000, `${log.produced - produced} items`);
  request.destroy();
  await until("the handler has ended", () => log.ended === ended + 1);
});

test("an operation that takes a stream reads lines", async () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => JSON.stringify({ index, text: "" }));
  const response = await post("/sum", `${lines.join("\r\n\n")}\n`);
  assert.deepEqual(await response.json(), { count: 1_000, total: 499_500 });
  assert.deepEqual(await (await post("/sum", "")).json(), { count: 0, total: 0 });
  const doubled = await post("/double", lines.slice(0, 3).join("\n"));
  assert.deepEqual(
    linesOf(await doubled.text()).map(({ index }) => index),
    [0, 2, 4],
  );
});

test("lines that are wrong, too long or of another type are refused with the reason", async () => {
  assert.equal((await post("/sum", '{"index":"one","text":""}\n')).status, 400);
  assert.equal((await post("/sum", "{not json\n")).status, 400);
  const wrongType = await post("/sum", "[]", "application/json");
  assert.equal(wrongType.status, 415);
  assert.match(((await wrongType.json()) as { detail: string }).detail, /application\/x-ndjson/);
  const long = await post("/sum", JSON.stringify({ index: 1, text: "x".repeat(200_000) }));
  assert.equal(long.status, 413);
  assert.match(((await long.json()) as { detail: string }).detail, /larger than 100000 bytes/);
});

test("OpenAPI says what is streamed", async () => {
  const { paths } = (await (await get("/openapi.json")).json()) as any;
  assert.deepEqual(Object.keys(paths["/count/{to}"].get.responses["200"].content), [
    "application/x-ndjson",
    "text/event-stream",
  ]);
  assert.deepEqual(Object.keys(paths["/sum"].post.requestBody.content), ["application/x-ndjson"]);
});
