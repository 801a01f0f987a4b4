import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Collector, createCollector } from "../../src/console/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const bread = contract("bread", {
  bake: op({ input: z.object({ flour: z.int() }), output: z.object({ loaves: z.int() }) }),
  burn: op({}),
  flood: op({ input: z.object({ lines: z.int() }) }),
});
const bakery = contract("bakery", {
  buy: op({ input: z.object({ flour: z.int() }), output: z.object({ loaves: z.int() }) }),
  fail: op({}),
});
const breadService = service(bread, ({ handle }) =>
  handle({
    bake: ({ flour }, ctx) => {
      ctx.log.info("baking", { flour, oven: { password: "hunter2" } });
      return { loaves: flour };
    },
    burn: () => {
      throw new Error("smoke");
    },
    flood: ({ lines }, ctx) => {
      for (let line = 0; line < lines; line += 1) ctx.log.info(`crumb ${line}`);
    },
  }),
);
const bakeryService = service(bakery, ({ handle }) =>
  handle({
    buy: (input, ctx) => ctx.client(bread).bake(input) as Promise<{ loaves: number }>,
    fail: async (_, ctx) => {
      await ctx.client(bread).bake({ flour: 1 });
      await ctx.client(bread).burn();
    },
  }),
);

let distributor: Distributor;
let collector: Collector;
const nodes: MeshNode[] = [];
const folder = mkdtempSync(join(tmpdir(), "dure-collector-"));

const start = async (
  name: string,
  options: Partial<Parameters<typeof createNode>[0]> = {},
): Promise<MeshNode> => {
  const node = await createNode({
    name,
    slot: `${name}-1`,
    mesh: "collector",
    distributors: [{ host: "127.0.0.1", port: distributor.port }],
    ...options,
  });
  nodes.push(node);
  return node;
};

let caller: MeshNode;
let watcher: MeshNode;

before(async () => {
  distributor = await createDistributor({ mesh: "collector", port: 0 });
  // Only what fails or is slow is kept by these, and all of what this caller begins.
  await start("bread", { services: [breadService], traces: { perSecond: 0, share: 0 } });
  await start("bakery", { services: [bakeryService], traces: { perSecond: 0, share: 0 } });
  caller = await start("caller", { isObservable: true, traces: { share: 1 } });
  watcher = await start("watcher");
  collector = createCollector({ node: watcher, everyMs: 50, path: join(folder, "seen.db") });
});
after(async () => {
  await collector.close();
  await Promise.all(nodes.map((node) => node.close()));
  await distributor.close();
  rmSync(folder, { recursive: true });
});

test("a sampled trace comes from all nodes and is found by its name, its service and its id", async () => {
  await caller.client(bakery).buy({ flour: 2 });
  const found = await until("the whole trace", () =>
    collector.traces({ text: "BAKERY.buy" }).find(({ spanCount }) => spanCount === 4),
  );
  assert.deepEqual(found.services, ["caller", "bakery", "bread"]);
  assert.equal(found.rootService, "caller");
  assert.equal(found.errorCount, 0);
  const trace = collector.trace(found.traceId);
  assert.deepEqual(
    trace?.spans.map(({ depth, kind, name }) => `${depth} ${kind} ${name}`),
    ["0 client bakery.buy", "1 server bakery.buy", "2 client bread.bake", "3 server bread.bake"],
  );
  assert.equal(trace?.missingCount, 0);
  assert.equal(collector.traces({ service: "bread", text: found.traceId }).length, 1);
  assert.deepEqual(collector.traces({ service: "nobody" }), []);
  assert.equal(collector.trace("0".repeat(32)), undefined);
});

test("log lines are found by text, service and trace, without their secrets", async () => {
  const [line] = await until("the line", () => {
    const lines = collector.logs({ text: "BAKING", service: "bread" });
    return lines.length > 0 ? lines : undefined;
  });
  assert.equal(line?.text, "baking");
  assert.equal(line?.level, "info");
  assert.deepEqual(line?.fields.oven, { password: "[redacted]" });
  assert.equal(line?.fields.operation, "bread.bake");
  assert.ok(
    collector.trace(line?.traceId ?? "")?.spans.some(({ spanId }) => spanId === line?.spanId),
  );
  assert.deepEqual(collector.logs({ traceId: line?.traceId ?? "" }), [line]);
  assert.deepEqual(collector.logs({ text: "50% off" }), []);
  assert.deepEqual(collector.logs({ text: "baking", level: "warn" }), []);
  assert.deepEqual(collector.logs({ text: "hunter2" }), []);
});

test("a trace that is not sampled is fetched whole once something in it fails", async () => {
  // Begun by a node that samples nothing.
  const quiet = await start("quiet", { isObservable: true, traces: { perSecond: 0, share: 0 } });
  await quiet.client(bakery).buy({ flour: 3 });
  await assert.rejects(quiet.client(bakery).fail());
  const found = await until("the failed trace with its healthy part", () =>
    collector
      .traces({ onlyErrors: true })
      .find(({ rootName, spanCount }) => rootName === "bakery.fail" && spanCount === 6),
  );
  assert.equal(found.errorCount, 4);
  const bought = collector
    .traces({ text: "bakery.buy" })
    .filter(({ rootService }) => rootService === "quiet");
  assert.deepEqual(bought, []);
});

test("a node that floods its log loses its own oldest lines and is told of; the others' stay", async () => {
  const before = collector.logs({ text: "baking" }).length;
  await caller.client(bread).flood({ lines: 20_000 }, { deadlineMs: 30_000 });
  await until("the last line", () => collector.logs({ text: "crumb 19999" }).length === 1);
  const { droppedLogs, answering, nodes: asked } = collector.status();
  assert.ok(droppedLogs >= 20_000 - 4_096 - 5_000, `${droppedLogs} dropped`);
  assert.equal(answering, asked);
  assert.equal(collector.logs({ text: "baking" }).length, before);
});

test("a node that is gone is no trouble for the others", async () => {
  const leaver = await start("leaver", { isObservable: true, traces: { share: 1 } });
  await leaver.client(bakery).buy({ flour: 1 });
  await leaver.close();
  await caller.client(bakery).buy({ flour: 77 });
  await until("collecting goes on", () => collector.traces({ service: "caller" }).length >= 2);
});
