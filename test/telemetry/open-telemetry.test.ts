import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { trace as api, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { z } from "zod";
import { eventLogService, memoryStorage, meshEvents } from "../../src/events/index.ts";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, event, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const clientSpanId = "00f067aa0ba902b7";

const room = contract("room", {
  paint: op({ input: z.object({ id: z.int() }), http: "POST /paint", auth: "public" }),
  look: op({ output: stream(z.int()) }),
  fall: op({}),
  painted: event(z.object({ id: z.int() })),
});
const wall = contract("wall", { dry: op({}) });
/** What the application makes itself, with the API alone. */
const own = api.getTracer("the application");

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

let distributor: Distributor;
let gateway: Gateway;
const nodes: MeshNode[] = [];

before(async () => {
  provider.register();
  distributor = await createDistributor({ mesh: "otel", port: 0 });
  const start = async (name: string, services: Parameters<typeof createNode>[0]["services"]) => {
    const node = await createNode({
      name,
      mesh: "otel",
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      services,
      events: meshEvents(),
    });
    nodes.push(node);
    return node;
  };
  await start("log", [eventLogService({ storage: async () => memoryStorage() })]);
  await start("wall", [service(wall, ({ handle }) => handle({ dry: () => {} }))]);
  await start("room", [
    service(room, ({ handle, on }) => {
      on(room.painted, () => own.startActiveSpan("smell", (span) => span.end()));
      return handle({
        paint: ({ id }, ctx) =>
          own.startActiveSpan("brush", async (span) => {
            await ctx.client(wall).dry();
            await ctx.publish(room.painted, { id });
            span.end();
          }),
        async *look() {
          yield 1;
          own.startActiveSpan("glance", (span) => span.end());
          yield 2;
        },
        fall: () => {
          throw new Error("off the ladder");
        },
      });
    }),
  ]);
  const edge = await start("edge", []);
  gateway = await createGateway({ node: edge, port: 0 });
  await until("the gateway has its routes", () => gateway.isReady(["room", "wall"]));
});
after(async () => {
  await gateway.close();
  await Promise.all(nodes.map((node) => node.close()));
  await distributor.close();
  await provider.shutdown();
});

const finished = (name: string, kind?: SpanKind) =>
  exporter
    .getFinishedSpans()
    .filter((span) => span.name === name && (kind === undefined || span.kind === kind));
const parentOf = ({ parentSpanContext }: ReadableSpan) => parentSpanContext?.spanId;

test("an SDK sees one tree of spans, its own and the application's among ours", async () => {
  await fetch(`${gateway.url}/paint`, {
    method: "POST",
    body: '{"id":1}',
    headers: {
      traceparent: `00-${traceId}-${clientSpanId}-01`,
      tracestate: "vendor=1",
      "content-type": "application/json",
    },
  });
  await until("the event was handled", () => finished("smell").length > 0);
  const chain = [
    ["POST /paint", SpanKind.SERVER],
    ["room.paint", SpanKind.CLIENT],
    ["room.paint", SpanKind.SERVER],
    ["brush", SpanKind.INTERNAL],
    ["room.painted", SpanKind.PRODUCER],
    ["room.painted", SpanKind.CONSUMER],
    ["smell", SpanKind.INTERNAL],
  ] as const;
  await until("all have ended", () => finished("room.painted", SpanKind.CONSUMER).length > 0);
  let parent = clientSpanId;
  for (const [name, kind] of chain) {
    const [span] = finished(name, kind);
    assert.equal(span && parentOf(span), parent, name);
    assert.equal(span?.spanContext().traceId, traceId);
    parent = span?.spanContext().spanId ?? "";
  }
  const [brush] = finished("brush");
  const [dry] = finished("wall.dry", SpanKind.CLIENT);
  assert.equal(dry && parentOf(dry), brush?.spanContext().spanId);
  assert.equal(dry?.attributes["rpc.method"], "dry");
  const [edge] = finished("POST /paint");
  assert.equal(edge?.attributes["http.response.status_code"], 204);
  assert.equal(
    finished("wall.dry", SpanKind.SERVER)[0]?.spanContext().traceState?.get("vendor"),
    "1",
  );
  // The platform's own polling is no trace.
  assert.deepEqual(
    exporter.getFinishedSpans().filter(({ name }) => /^eventlog/.test(name)),
    [],
  );
});

test("what an application calls outside of any request is a child of its active span", async () => {
  const [caller] = nodes;
  await own.startActiveSpan("by night", async (span) => {
    await caller?.client(wall).dry();
    span.end();
  });
  const [night] = finished("by night");
  const calls = finished("wall.dry", SpanKind.CLIENT);
  assert.ok(night && calls.some((call) => parentOf(call) === night.spanContext().spanId));
});

test("spans are active in streams too, and failures say so", async () => {
  const [caller] = nodes;
  for await (const _ of caller?.client(room).look() ?? []);
  await assert.rejects(caller?.client(room).fall() ?? Promise.resolve());
  const [glance] = await until("glance", () => {
    const found = finished("glance");
    return found.length > 0 ? found : undefined;
  });
  const look = await until("the stream's span", () => finished("room.look", SpanKind.SERVER)[0]);
  assert.equal(glance && parentOf(glance), look.spanContext().spanId);
  const [fall] = finished("room.fall", SpanKind.SERVER);
  assert.equal(fall?.status.code, SpanStatusCode.ERROR);
  assert.equal(fall?.attributes["error.type"], "INTERNAL");
  // Messages may quote what was sent.
  assert.equal(JSON.stringify([fall?.attributes, fall?.status]).includes("ladder"), false);
});

test("our spans and the SDK's are the same", () => {
  const ours = nodes.flatMap((node) => node.traces.spans({ traceIds: [traceId] }).records);
  const theirs = new Set(exporter.getFinishedSpans().map((span) => span.spanContext().spanId));
  assert.ok(ours.length >= 7);
  for (const { spanId } of ours) assert.ok(theirs.has(spanId));
  const call = ours.find(({ kind, name }) => kind === "client" && name === "wall.dry");
  assert.equal(call?.parentId, finished("brush")[0]?.spanContext().spanId);
});

test("without an SDK the API is not loaded", () => {
  const program = `
    const { createNode } = await import("${new URL("../../src/mesh/index.ts", import.meta.url).href}");
    const { registerHooks } = await import("node:module");
    registerHooks({ resolve(specifier, context, next) {
      if (specifier.startsWith("@opentelemetry")) console.log("loaded", specifier);
      return next(specifier, context);
    } });
    const node = await createNode({ name: "plain", distributors: [] });
    await node.close();
    console.log("done");`;
  const flags = ["--conditions=dure-source", "--input-type=module", "--eval", program];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
  assert.equal(stdout, "done\n", stderr);
});
