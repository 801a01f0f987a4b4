import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { until } from "../support/until.ts";

const kettle = contract("kettle", {
  boil: op({ input: z.object({ cups: z.int() }) }),
  whistle: op({}),
});
const kettleService = service(kettle, ({ handle }) =>
  handle({
    boil: () => {},
    whistle: () => {
      throw new Error("password=hunter2");
    },
  }),
);

interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
}

/** A backend that keeps what it is sent; each test ends the ones it started. */
async function backend(statusOf: (count: number) => number, port = 0) {
  const received: Received[] = [];
  const server: Server = createServer(async (request, response) => {
    const { url: path, headers } = request;
    received.push({ path, headers, body: JSON.parse(await text(request)) });
    response.writeHead(statusOf(received.length)).end("{}");
  });
  server.listen(port, "127.0.0.1");
  await until("it listens", () => server.listening);
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  after(close);
  return { received, port: (server.address() as AddressInfo).port, close };
}

async function nodeFor(traces: Parameters<typeof createNode>[0]["traces"]): Promise<MeshNode> {
  const node = await createNode({
    name: "kitchen",
    distributors: [],
    services: [kettleService],
    traces: { share: 1, ...traces },
  });
  after(() => node.close());
  return node;
}

const spansIn = (received: readonly Received[]): any[] =>
  received.flatMap(({ body }) =>
    body.resourceSpans.flatMap((each: any) => each.scopeSpans.flatMap((scope: any) => scope.spans)),
  );
const outcome = (node: MeshNode, name: string) =>
  node.metrics
    .read()
    .find((family) => family.name === "dure_otlp_spans_total")
    ?.samples.find(([, labels]) => labels.outcome === name)?.[2];

test("spans arrive as OTLP, with the backend's headers, and without messages that may hold secrets", async () => {
  const { received, port } = await backend(() => 200);
  const node = await nodeFor({
    otlpUrl: `http://me:se%2Fcret@127.0.0.1:${port}/tenant`,
    otlpHeaders: { "x-key": "k" },
  });
  const startedAt = Date.now();
  await node.client(kettle).boil({ cups: 2 });
  await assert.rejects(node.client(kettle).whistle());
  await until("four spans", () => spansIn(received).length === 4);
  const [first] = received;
  assert.equal(first?.path, "/tenant/v1/traces");
  assert.equal(first?.headers["content-type"], "application/json");
  assert.equal(first?.headers["x-key"], "k");
  assert.equal(first?.headers.authorization, `Basic ${btoa("me:se/cret")}`);
  const spans = spansIn(received);
  const call = spans.find(({ name, kind }) => name === "kettle.boil" && kind === 3);
  const work = spans.find(({ name, kind }) => name === "kettle.boil" && kind === 2);
  assert.match(call.traceId, /^[0-9a-f]{32}$/);
  assert.equal(work.traceId, call.traceId);
  assert.equal(work.parentSpanId, call.spanId);
  assert.equal(call.parentSpanId, undefined);
  const startMs = Number(BigInt(call.startTimeUnixNano) / 1_000_000n);
  assert.ok(Math.abs(startMs - startedAt) < 60_000);
  assert.ok(BigInt(call.endTimeUnixNano) >= BigInt(call.startTimeUnixNano));
  const failed = spans.find(({ name, kind }) => name === "kettle.whistle" && kind === 2);
  assert.deepEqual(failed.status, { code: 2, message: "INTERNAL" });
  assert.equal(JSON.stringify(received.map(({ body }) => body)).includes("hunter2"), false);
  const services = received.flatMap(({ body }) =>
    body.resourceSpans.map((each: any) => each.resource.attributes[0].value.stringValue),
  );
  assert.deepEqual(new Set(services), new Set(["kitchen", "kettle"]));
  await until("they are counted", () => outcome(node, "sent") === 4);
});

test("while the backend is down calls notice nothing; spans arrive when it is back, as far as they were held", async () => {
  const gone = await backend(() => 200);
  gone.close();
  const node = await nodeFor({ otlpUrl: `http://127.0.0.1:${gone.port}` });
  const client = node.client(kettle);
  // Two spans each: more than the ring holds.
  for (let count = 0; count < 3_000; count += 1) await client.boil({ cups: count });
  const { received } = await backend(() => 200, gone.port);
  await until("what is held", () => spansIn(received).length >= 4_096);
  await until("the rest is counted", () => {
    return (outcome(node, "sent") ?? 0) + (outcome(node, "overwritten") ?? 0) === 6_000;
  });
  assert.ok(received.every(({ body }) => spansIn([{ body } as Received]).length <= 512));
  const ids = spansIn(received).map(({ spanId }) => spanId);
  assert.equal(new Set(ids).size, ids.length);
});

test("what the backend refuses is dropped; what it cannot take now is sent again", async () => {
  const refusing = await backend(() => 400);
  const refused = await nodeFor({ otlpUrl: `http://127.0.0.1:${refusing.port}/v1/traces` });
  await refused.client(kettle).boil({ cups: 1 });
  await until("it is refused", () => outcome(refused, "refused") === 2);
  assert.equal(refusing.received[0]?.path, "/v1/traces");
  const busy = await backend((count) => (count === 1 ? 503 : 200));
  const patient = await nodeFor({ otlpUrl: `http://127.0.0.1:${busy.port}` });
  await patient.client(kettle).boil({ cups: 1 });
  await until("it is sent", () => outcome(patient, "sent") === 2);
  assert.equal(busy.received.length, 2);
});

test("a node that closes sends what is left, and does not wait for a backend that never answers", async () => {
  const { received, port } = await backend(() => 200);
  const node = await nodeFor({ otlpUrl: `http://127.0.0.1:${port}` });
  await node.client(kettle).boil({ cups: 1 });
  await node.close();
  assert.equal(spansIn(received).length, 2);
  const silent = createServer(() => {});
  silent.listen(0, "127.0.0.1");
  await until("it listens", () => silent.listening);
  after(() => silent.close().closeAllConnections());
  const hung = await nodeFor({
    otlpUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
  });
  await hung.client(kettle).boil({ cups: 1 });
  await hung.close();
});
