import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { z } from "zod";
import { eventLogService, memoryStorage, meshEvents } from "../../src/events/index.ts";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, event, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import type { SpanRecord } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const clientSpanId = "00f067aa0ba902b7";

const stock = contract("stock", {
  left: op({ input: z.object({ id: z.int() }), output: z.object({ left: z.int() }) }),
  changes: op({ output: stream(z.int()) }),
  lost: op({}),
  sold: event(z.object({ id: z.int() })),
});
const shop = contract("shop", {
  show: op({
    http: "GET /show/:id",
    auth: "public",
    input: z.object({ id: z.int() }),
    output: z.object({ left: z.int(), traceparent: z.string() }),
  }),
  watch: op({ http: "GET /watch", auth: "public", output: stream(z.int()) }),
  sell: op({ http: "POST /sell", auth: "public", input: z.object({ id: z.int() }) }),
  fail: op({ http: "GET /fail", auth: "public" }),
  ask: op({ http: "GET /ask", auth: "public", output: z.object({ left: z.int() }) }),
});

const stockService = service(stock, ({ handle, on }) => {
  on(stock.sold, async ({ id }, ctx) => void (await ctx.client(stock).left({ id })));
  return handle({
    left: ({ id }) => ({ left: id }),
    async *changes() {
      yield 1;
      yield 2;
    },
    lost: () => {
      throw new Error("lost it");
    },
  });
});
const shopService = service(shop, ({ handle }) =>
  handle({
    show: async ({ id }, ctx) => {
      const { left } = await ctx.client(stock).left({ id });
      return { left, traceparent: ctx.traceparent };
    },
    async *watch(_, ctx) {
      yield* await ctx.client(stock).changes();
    },
    sell: ({ id }, ctx) => ctx.publish(stock.sold, { id }),
    fail: async (_, ctx) => ctx.client(stock).lost(),
    ask: async (_, ctx) => (await ctx.client(stock).left({ id: 5 })) as { left: number },
  }),
);

const upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)));
let distributor: Distributor;
let gateway: Gateway;
let nodes: Record<"edge" | "shop" | "stock" | "log" | "mono", MeshNode>;

before(async () => {
  distributor = await createDistributor({ mesh: "traces", port: 0 });
  const start = (name: string, services: Parameters<typeof createNode>[0]["services"]) =>
    createNode({
      name,
      slot: `${name}-1`,
      mesh: "traces",
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      services,
      events: meshEvents(),
      isObservable: true,
      // Nothing is kept but what a test asks for.
      traces: { perSecond: 0, share: 0, slowMs: 60_000 },
    });
  nodes = {
    log: await start("log", [eventLogService({ storage: async () => memoryStorage() })]),
    stock: await start("stock", [stockService]),
    shop: await start("shop", [shopService]),
    edge: await start("edge", []),
    mono: await start("mono", []),
  };
  upstream.listen(0, "127.0.0.1");
  await until("the upstream listens", () => upstream.listening);
  gateway = await createGateway({
    node: nodes.edge,
    port: 0,
    routes: [
      {
        path: "/legacy/*",
        upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
        auth: "public",
      },
    ],
  });
  await until("the gateway has its routes", () => gateway.isReady(["shop", "stock"]));
});
after(async () => {
  await gateway.close();
  upstream.close();
  await Promise.all(Object.values(nodes).map((node) => node.close()));
  await distributor.close();
});

/** Every span of a trace, from all nodes, once there are so many. */
async function spansOf(id: string, count: number): Promise<SpanRecord[]> {
  const all = () =>
    Object.values(nodes).flatMap((node) => node.traces.spans({ traceIds: [id] }).records);
  await until(`${count} spans of ${id}`, () => all().length >= count);
  return all();
}

/** The chain from a root to its only leaf, as text; fails where it branches or does not hold together. */
function chain(spans: readonly SpanRecord[], parentId: string | undefined): string[] {
  const children = spans.filter((span) => span.parentId === parentId);
  assert.ok(children.length <= 1, `${children.length} children of ${parentId}`);
  const [child] = children;
  if (!child) return [];
  return [`${child.kind} ${child.name} by ${child.service}`, ...chain(spans, child.spanId)];
}

const get = (path: string, sampled: boolean, extra: Record<string, string> = {}) =>
  fetch(`${gateway.url}${path}`, {
    headers: { traceparent: `00-${traceId}-${clientSpanId}-0${sampled ? 1 : 0}`, ...extra },
  });

test("a request is one chain from the client's span to the deepest handler", async () => {
  const answer = await get("/show/7", false);
  const { traceparent } = (await answer.json()) as { traceparent: string };
  const spans = await spansOf(traceId, 5);
  assert.deepEqual(chain(spans, clientSpanId), [
    "http GET /show/:id by edge",
    "client shop.show by edge",
    "server shop.show by shop",
    "client stock.left by shop",
    "server stock.left by stock",
  ]);
  const handler = spans.find(({ kind, name }) => kind === "server" && name === "shop.show");
  assert.equal(traceparent, `00-${traceId}-${handler?.spanId}-00`);
  const call = spans.find(({ kind, name }) => kind === "client" && name === "stock.left");
  assert.equal(call?.peer, "stock-1");
  assert.equal(handler?.peer, "edge");
  assert.equal(handler?.node, nodes.shop.id);
  for (const { startMs, durationMs } of spans) {
    assert.ok(Math.abs(startMs - Date.now()) < 60_000);
    assert.ok(durationMs >= 0);
  }
});

test("streams, calls without a client's trace and failures hold together too", async () => {
  const roots = async (path: string) => {
    const before = nodes.edge.traces.spans({ limit: 1_000 }).next;
    await (await fetch(`${gateway.url}${path}`)).text();
    return before;
  };
  await roots("/watch");
  const before = await roots("/fail");
  // What failed is kept although nothing is sampled; its trace leads to the rest.
  const kept = await until("the failure is kept", () => {
    const { records } = nodes.edge.traces.spans({ after: before });
    return records.find(({ kind }) => kind === "http");
  });
  assert.equal(kept.status, "error");
  assert.equal(kept.error, "HTTP 500");
  const failed = await spansOf(kept.traceId, 5);
  assert.deepEqual(chain(failed, undefined), [
    "http GET /fail by edge",
    "client shop.fail by edge",
    "server shop.fail by shop",
    "client stock.lost by shop",
    "server stock.lost by stock",
  ]);
  assert.deepEqual(new Set(failed.map(({ error }) => error)), new Set(["HTTP 500", "INTERNAL"]));
});

test("a stream is a chain, and its spans end with it", async () => {
  const id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  const answer = await fetch(`${gateway.url}/watch`, {
    headers: { traceparent: `00-${id}-${clientSpanId}-00` },
  });
  assert.equal(await answer.text(), "1\n2\n");
  assert.deepEqual(chain(await spansOf(id, 5), clientSpanId), [
    "http GET /watch by edge",
    "client shop.watch by edge",
    "server shop.watch by shop",
    "client stock.changes by shop",
    "server stock.changes by stock",
  ]);
});

test("an event takes the trace from its publisher to its handler and on", async () => {
  const id = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
  await fetch(`${gateway.url}/sell`, {
    method: "POST",
    body: '{"id":3}',
    headers: {
      traceparent: `00-${id}-${clientSpanId}-00`,
      tracestate: "vendor=1",
      "content-type": "application/json",
    },
  });
  assert.deepEqual(chain(await spansOf(id, 7), clientSpanId), [
    "http POST /sell by edge",
    "client shop.sell by edge",
    "server shop.sell by shop",
    "publish stock.sold by shop",
    "consume stock.sold by stock",
    "client stock.left by stock",
    "server stock.left by stock",
  ]);
});

test("a plain HTTP server behind the gateway gets the trace, with the gateway's span as parent", async () => {
  const id = "cccccccccccccccccccccccccccccccc";
  const answer = await fetch(`${gateway.url}/legacy/x`, {
    headers: { traceparent: `00-${id}-${clientSpanId}-01`, tracestate: "vendor=opaque,other=2" },
  });
  const told = (await answer.json()) as Record<string, string>;
  const [span] = await spansOf(id, 1);
  assert.equal(told.traceparent, `00-${id}-${span?.spanId}-01`);
  assert.equal(told.tracestate, "vendor=opaque,other=2");
});

test("the platform's own polling begins no traces", async () => {
  const { records } = nodes.log.traces.spans({});
  assert.deepEqual(
    records.filter(({ parentId }) => parentId === undefined),
    [],
  );
});

test("nodes answer each other for their spans, with a cursor; a node that only calls is observable where it is to be", async () => {
  await get("/show/9", true);
  const self = nodes.mono.registry;
  const edge = await until(
    "the edge is in the view",
    () => self.nodes().find(({ record }) => record.id === nodes.edge.id)?.record,
  );
  const ask = async (params: Record<string, string>) =>
    (await nodes.mono.ask({
      node: edge,
      operation: "$telemetry.spans",
      params,
      deadlineMs: 2_000,
    })) as { records: SpanRecord[]; next: number; dropped: number };
  const all = await ask({});
  assert.ok(all.records.length >= 2);
  assert.equal(all.next, all.records.length);
  const ids = ({ records }: typeof all) => records.map(({ spanId }) => spanId);
  const first = await ask({ limit: "1" });
  assert.deepEqual(ids(first), ids(all).slice(0, 1));
  const rest = await ask({ after: String(first.next) });
  assert.deepEqual(ids(rest), ids(all).slice(1));
  assert.deepEqual((await ask({ after: String(all.next) })).records, []);
  await assert.rejects(ask({ traceIds: "nonsense" }), /"nonsense" is no trace id/);
  await assert.rejects(
    nodes.mono.ask({
      node: { ...edge, port: 0 },
      operation: "$telemetry.spans",
      params: {},
      deadlineMs: 1_000,
    }),
    { code: "NOT_FOUND" },
  );
});
