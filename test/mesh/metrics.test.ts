import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { z } from "zod";
import { eventLogService, memoryStorage, meshEvents } from "../../src/events/index.ts";
import { createGateway } from "../../src/gateway/index.ts";
import { contract, DureError, event, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { addProcessMetrics } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";

const lamp = contract("lamp", {
  light: op({ output: z.object({ isOn: z.boolean() }) }),
  blink: op({ output: stream(z.int()) }),
  burst: op({}),
  drop: op({}),
  guarded: op({ scopes: ["lamp:admin"] }),
  broke: event(z.object({ watt: z.int() })),
});

let distributor: Distributor;
let house: MeshNode;
let caller: MeshNode;
let log: MeshNode;
let isFailing = true;

const lampService = service(lamp, ({ handle, on, metrics }) => {
  const lit = metrics.counter({ name: "lamps_lit_total", help: "lamps lit" });
  on(lamp.broke, () => {
    if (!isFailing) return;
    isFailing = false;
    throw new Error("not yet");
  });
  return handle({
    light: () => {
      lit.add([]);
      return { isOn: true };
    },
    async *blink() {
      yield 1;
      yield 2;
    },
    burst: () => {
      throw new DureError("FAILED_PRECONDITION", "the lamp is hot");
    },
    drop: (_, ctx) => ctx.publish(lamp.broke, { watt: 40 }),
    guarded: () => {},
  });
});

before(async () => {
  distributor = await createDistributor({ mesh: "metrics", port: 0 });
  type Options = Parameters<typeof createNode>[0];
  const start = (name: string, services: Options["services"], traces?: Options["traces"]) =>
    createNode({
      name,
      mesh: "metrics",
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      services,
      traces,
      events: meshEvents(),
    });
  // Nobody listens there; what is counted of that is a metric too.
  const otlp = { otlpUrl: "http://127.0.0.1:9" };
  log = await start("log", [eventLogService({ storage: async () => memoryStorage() })], otlp);
  house = await start("house", [lampService]);
  caller = await start("caller", []);
});
after(async () => {
  await Promise.all([caller, house, log].map((node) => node.close()));
  await distributor.close();
});

/** The value of one series. */
function readingOf(node: MeshNode, name: string, labels: Record<string, string>, suffix = "") {
  const family = node.metrics.read().find((each) => each.name === name);
  return family?.samples.find(
    ([own, has]) =>
      own === suffix && Object.entries(labels).every(([label, value]) => has[label] === value),
  )?.[2];
}

test("both sides count a call by operation and outcome; the callee says who called", async () => {
  for (let count = 0; count < 3; count += 1) await caller.client(lamp).light();
  await assert.rejects(caller.client(lamp).burst());
  const count = (node: MeshNode, side: string, labels: Record<string, string>) =>
    readingOf(node, `dure_${side}_duration_seconds`, { service: "lamp", ...labels }, "_count");
  assert.equal(count(caller, "client", { operation: "light", code: "OK" }), 3);
  assert.equal(count(caller, "client", { operation: "burst", code: "FAILED_PRECONDITION" }), 1);
  assert.equal(count(house, "server", { operation: "light", code: "OK", caller: "caller" }), 3);
  assert.equal(count(house, "server", { operation: "burst", code: "FAILED_PRECONDITION" }), 1);
});

test("a call within the process is counted by the callee", async () => {
  await house.client(lamp).light();
  const labels = { operation: "light", caller: "house" };
  assert.equal(readingOf(house, "dure_server_duration_seconds", labels, "_count"), 1);
  assert.equal(readingOf(house, "dure_client_duration_seconds", labels, "_count"), undefined);
});

test("a stream counts when it is over, one that its reader leaves as cancelled", async () => {
  for await (const _ of await caller.client(lamp).blink());
  for await (const _ of await caller.client(lamp).blink()) break;
  const count = (code: string) =>
    readingOf(caller, "dure_client_duration_seconds", { operation: "blink", code }, "_count");
  await until("both are counted", () => count("OK") === 1 && count("CANCELLED") === 1);
});

test("what was refused is told apart from what failed", async () => {
  await assert.rejects(caller.client(lamp).guarded());
  const labels = { operation: "guarded", code: "UNAUTHENTICATED" };
  assert.equal(readingOf(house, "dure_server_duration_seconds", labels, "_count"), 1);
  assert.equal(readingOf(house, "dure_server_in_flight", {}), 0);
  assert.ok((readingOf(house, "dure_server_concurrency_limit", {}) ?? 0) > 0);
});

test("handled events count by topic, group and outcome", async () => {
  await caller.client(lamp).drop();
  const count = (code: string) =>
    readingOf(house, "dure_event_handling_seconds", { topic: "lamp.broke", code }, "_count");
  await until("it failed once and went well", () => count("INTERNAL") === 1 && count("OK") === 1);
});

test("the event log tells how far behind each group is", async () => {
  const labels = { group: "lamp", topic: "lamp.broke" };
  await until("the group has caught up", () => readingOf(log, "dure_event_lag", labels) === 0);
  assert.equal(readingOf(log, "dure_event_members", labels), 1);
  await until("nothing is parked", () => readingOf(log, "dure_event_parked", labels) === 0);
});

test("a service counts what it likes", async () => {
  assert.equal(readingOf(house, "lamps_lit_total", {}), 4);
});

test("a node tells whom it sees", async () => {
  await until(
    "all see all",
    () => readingOf(caller, "dure_registry_nodes", { status: "live" }) === 3,
  );
  assert.equal(readingOf(caller, "dure_registry_connected", {}), 1);
  assert.equal(readingOf(caller, "dure_client_instances", { service: "lamp", breaker: "in" }), 1);
  assert.equal(readingOf(caller, "dure_client_pending", { service: "lamp" }), 0);
  const budget = readingOf(caller, "dure_client_retry_budget", { service: "lamp" }) ?? 0;
  assert.ok(budget >= 1, `${budget} retries may be made`);
});

test("the page of metrics tells every one, and no other", async () => {
  const page = readFileSync(new URL("../../docs/reference/metrics.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  const stop = addProcessMetrics(log.metrics);
  stop();
  const noRedis = { sendCommand: () => Promise.reject(new Error("not there")), destroy() {} };
  const gateway = await createGateway({
    node: log,
    port: 0,
    cache: { shared: "redis" },
    redis: () => noRedis,
  });
  await gateway.close();
  const known = log.metrics.read().map(({ name }) => name);
  assert.deepEqual([...told].sort(), [...known].sort());
});
