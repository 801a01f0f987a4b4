import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { type Sidecar, startSidecar } from "../../src/sidecar/index.ts";
import { until } from "../support/until.ts";

const who = contract("who", {
  am: op({
    input: z.object({ text: z.string() }),
    output: z.object({
      subject: z.string().nullable(),
      remainingMs: z.number(),
      traceId: z.string(),
      tracestate: z.string().nullable(),
    }),
    idempotent: true,
  }),
});
const whoService = service(who, ({ handle }) =>
  handle({
    am: (_, ctx) => ({
      subject: ctx.principal?.subject ?? null,
      remainingMs: ctx.remainingMs(),
      traceId: ctx.traceparent.slice(3, 35),
      tracestate: ctx.tracestate ?? null,
    }),
  }),
);

let distributor: Distributor;
let sidecar: Sidecar;
let node: MeshNode;
let gateway: Gateway;
const lines: string[] = [];
const app = fileURLToPath(new URL("support/app.mjs", import.meta.url));

before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  sidecar = await startSidecar({
    name: "app",
    mesh: "test",
    distributors,
    urls: ["GET /app/*", "POST /app/*"],
    publicUrls: ["GET /app/*", "POST /app/*"],
    command: [process.execPath, app],
    environment: { SLOW_START: "yes" },
    healthPath: "/healthz",
    onLine: (line) => lines.push(line),
  });
  node = await createNode({ name: "gateway", mesh: "test", distributors, services: [whoService] });
  gateway = await createGateway({ node, port: 0 });
  await until("the routes are known", () => gateway.isReady(["app", "who"]));
  await until("the sidecar knows who", () => sidecar.node.registry.instancesOf("who").length === 1);
});
after(async () => {
  await gateway.close();
  await sidecar.close();
  await node.close();
  await distributor.close();
});

const ask = (path: string, init: RequestInit = {}) => fetch(`${gateway.url}${path}`, init);

test("a request reaches the program as it is, without what it may not say, and with what the mesh knows", async () => {
  const response = await ask("/app/echo?a=1&a=2", {
    method: "POST",
    body: '{"x":1}',
    headers: { "content-type": "application/json", "dure-principal": "admin", "x-own": "yes" },
  });
  assert.equal(response.status, 201);
  const { method, query, body, headers } = (await response.json()) as any;
  assert.deepEqual([method, query, body], ["POST", "?a=1&a=2", '{"x":1}']);
  assert.equal(headers["x-own"], "yes");
  assert.equal(headers["dure-principal"], undefined);
  assert.match(headers["dure-deadline-ms"], /^\d+$/);
  assert.match(headers.traceparent, /^00-[0-9a-f]{32}-/);
  assert.equal(headers.tracestate, undefined);
});

test("the program calls others for the request it serves, by its time and trace; without its token it calls nobody", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const tracestate = "vendor=opaque,other=2";
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate };
  const told = (await (await ask("/app/echo", { headers })).json()) as any;
  assert.equal(told.headers.traceparent.slice(3, 35), traceId);
  assert.equal(told.headers.tracestate, tracestate);
  const answer = (await (await ask("/app/ask", { headers })).json()) as any;
  assert.equal(answer.traceId, traceId);
  assert.equal(answer.tracestate, tracestate);
  assert.ok(answer.remainingMs > 0 && answer.remainingMs <= 5_000);
  const other = (await (await ask("/app/ask?as=nobody", { headers })).json()) as any;
  assert.notEqual(other.traceId, traceId);
  assert.equal((await ask("/app/ask?token=wrong")).status, 401);
});

test("a client that leaves is noticed by the program", async () => {
  const controller = new AbortController();
  const asked = ask("/app/hang", { signal: controller.signal }).catch(() => undefined);
  await until("the program has begun", () => lines.includes("hanging"));
  controller.abort();
  await asked;
  await until("it has been told", () => lines.includes("given up"));
});

test("an answer shorter than it says is a failure, never a truncated success", async () => {
  const response = await ask("/app/lie");
  assert.equal(response.status, 503);
  assert.match(((await response.json()) as { detail: string }).detail, /broke off its answer/);
});

test("a program that ends is out of the mesh until it is back, and calls go on", async () => {
  await ask("/app/crash");
  await until("it answers again", async () => (await ask("/app/echo")).status === 201);
});

test("routes that make no sense are refused with the reason", async () => {
  const start = (urls: string[], publicUrls: string[] = []) =>
    startSidecar({
      name: "odd",
      mesh: "test",
      distributors: [],
      urls,
      publicUrls,
      command: ["true"],
      environment: {},
    });
  await assert.rejects(start([]), { code: "INVALID_ARGUMENT", message: /offers nothing/ });
  await assert.rejects(start(["GET /a"], ["GET /b"]), {
    message: /"GET \/b" is said to be public/,
  });
  await assert.rejects(start(["FETCH /a"]), {
    code: "INVALID_ARGUMENT",
    message: /is not "METHOD \/path"/,
  });
});
