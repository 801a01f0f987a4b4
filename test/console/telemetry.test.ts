/** Traces, logs and caches in the console: real nodes, a gateway, and the collector. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { createCollector, createConsole } from "../../src/console/index.ts";
import { createGateway } from "../../src/gateway/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";
import { evil, secret, signedIn } from "./support/small-mesh.ts";

const prices = contract("prices", {
  get: op({
    http: "GET /prices/:id",
    auth: "public",
    input: z.object({ id: z.int() }),
    output: z.object({ price: z.int() }),
    cache: { maxAgeS: 60 },
  }),
  say: op({ input: z.object({ text: z.string(), times: z.int() }) }),
});

async function start(context: TestContext) {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  context.after(() => distributor.close());
  const join = async (
    name: string,
    services: Parameters<typeof createNode>[0]["services"] = [],
  ) => {
    const distributors = [{ host: "127.0.0.1", port: distributor.port }];
    const joined = await createNode({
      ...{ name, mesh: "test", services, distributors },
      slot: `${name}-1`,
      isObservable: true,
    });
    context.after(() => joined.close());
    return joined;
  };
  await join("prices", [
    service(prices, ({ handle }) =>
      handle({
        get: ({ id }) => {
          if (id === 500) throw new Error("no price");
          return { price: id };
        },
        say: ({ text, times }, ctx) => {
          for (let count = 0; count < times; count += 1) ctx.log.warn(`${text} ${count}`, { evil });
        },
      }),
    ),
  ]);
  const gatewayNode = await join("gateway");
  const gateway = await createGateway({ node: gatewayNode, port: 0 });
  context.after(() => gateway.close());
  await until("the gateway has routes", () => gateway.isReady(["prices"]));
  const caller = await join("caller");
  const node = await join("console");
  const collector = createCollector({ node, everyMs: 50 });
  context.after(() => collector.close());
  const running = await createConsole({ node, secret, port: 0, collector });
  context.after(() => running.close());
  return { base: gateway.url, caller, client: await signedIn(running.url, true) };
}

test("a request that failed is found as a trace, span by span, and so is what was logged in it", async (context) => {
  const { base, client } = await start(context);
  assert.equal((await fetch(`${base}/prices/500`)).status, 500);
  const found = await until("its trace is there", async () => {
    const { items } = await client.traces({ onlyErrors: true, service: "prices" });
    return items.find(({ spanCount }) => spanCount >= 2);
  });
  const { spans, summary, leftOut } = await until("the gateway has told its span", async () => {
    const whole = await client.trace({ traceId: found.traceId });
    return whole.spans.some(({ kind }) => kind === "http") ? whole : undefined;
  });
  assert.equal(summary.traceId, found.traceId);
  assert.equal(leftOut, 0);
  const server = spans.find(({ kind }) => kind === "server");
  assert.deepEqual(
    [server?.name, server?.service, server?.node, server?.error],
    ["prices.get", "prices", "prices-1", "INTERNAL"],
  );
  assert.ok(spans.some(({ kind, node }) => kind === "http" && node === "gateway-1"));
  const lines = await until("what was logged is there", async () => {
    const { items } = await client.logs({ traceId: found.traceId });
    return items.length > 0 ? items : undefined;
  });
  assert.ok(lines.every(({ traceId }) => traceId === found.traceId));
  assert.equal(lines[0]?.message, "prices.get threw: no price");
  const none = await client.trace({ traceId: "0".repeat(32) }).result();
  assert.equal(!none.ok && none.error.code, "NoSuchTrace");
});

test("a log is followed as it grows; what comes too fast is counted, not queued", async (context) => {
  const { caller, client } = await start(context);
  const say = (text: string, times: number) => caller.client(prices).say({ text, times });
  const seen: string[] = [];
  let dropped = 0;
  let hasFlooded = false;
  for await (const item of client.followLogs({ text: "steady" })) {
    assert.ok(item.lines.length <= 200);
    seen.push(...item.lines.map(({ message }) => message));
    dropped += item.dropped;
    if (seen.length === 0) await say("steady", 2);
    else if (!hasFlooded) {
      hasFlooded = true;
      await say("steady stream", 900);
    }
    if (dropped > 0) break;
  }
  assert.deepEqual(seen.slice(0, 2), ["steady 0", "steady 1"]);
  const { items } = await client.logs({
    text: "onerror",
    node: "prices-1",
    level: "warn",
    limit: 5,
  });
  assert.equal(items.length, 5);
  assert.deepEqual(items[0]?.fields.at(-1), { name: "evil", value: evil });
  const older = await client.logs({ text: "onerror", before: items.at(-1)?.id ?? 0, limit: 5 });
  assert.ok(older.items.every(({ id }) => id < (items.at(-1)?.id ?? 0)));
});

test("a line is found by what it says and carries, character for character", async (context) => {
  const { caller, client } = await start(context);
  await caller.client(prices).say({ text: String.raw`Kim said "50 % off" \o/ at`, times: 1 });
  const find = async (text: string) => (await client.logs({ text })).items.length;
  await until("it is there", async () => (await find("kim")) === 1);
  for (const text of [
    `said "50 %`,
    String.raw`off" \o/`,
    `\\o/ AT 0`,
    `EVIL=${evil}`,
    `"alert(1)"`,
  ])
    assert.equal(await find(text), 1, text);
  for (const text of [`said_"50`, `said%off`, `said \\"50`])
    assert.equal(await find(text), 0, text);
});

test("a cache tells how it answered", async (context) => {
  const { base, client } = await start(context);
  for (let count = 0; count < 3; count += 1) await (await fetch(`${base}/prices/7`)).text();
  const found = await until("the gateway has told", async () => {
    const { items } = await client.caches();
    return items.find(({ node, entries }) => node === "gateway-1" && entries === 1);
  });
  const totals = Object.fromEntries(found.answers.map(({ how, total }) => [how, total]));
  assert.deepEqual(totals, { hit: 2, "uri-miss": 1 });
  assert.ok(found.bytes > 0 && found.bytes < found.bytesMax);
});
