import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { createGateway, type GatewayOptions } from "../../src/gateway/index.ts";
import { contract, op, type Principal, type Service, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";
import { startCacheLab } from "./cache/support.ts";
import { RawClient } from "./http1/support/engine.ts";
import { startOrigin } from "./upstream/support.ts";

const kept = { "cache-control": "max-age=600" };
const ask = (path = "/x", ...lines: string[]) =>
  [`GET ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");

/** So often a request comes that what was kept of it is used. */
const turns = 6;

/** Asks on one connection, each request once the answer before it is there. */
function talkTo(t: TestContext, gateway: { readonly port: number }) {
  const client = new RawClient(gateway);
  t.after(() => client.socket.destroy());
  return async (request: string) => {
    const before = client.received.length;
    client.send(request);
    const rest = () => client.received.slice(before);
    await until("the answer is there", () => {
      const [head, body = ""] = rest().split("\r\n\r\n");
      return (
        body.length === Number(/^content-length: (\d+)$/im.exec(head ?? "")?.[1] ?? Number.NaN)
      );
    });
    const [head = "", body = ""] = rest().split("\r\n\r\n");
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1];
    return { status: Number(head.slice(9, 12)), body, field };
  };
}

/** How often the gateway says that it did something. */
function counted(node: MeshNode, name: string, labels: Readonly<Record<string, string>>): number {
  const family = node.metrics.read().find((each) => each.name === name);
  const sample = family?.samples.find(
    ([suffix, own]) =>
      (suffix === "" || suffix === "_count") &&
      Object.entries(labels).every(([label, value]) => own[label] === value),
  );
  return sample?.[2] ?? 0;
}

async function startCached(t: TestContext, options: Partial<GatewayOptions> = {}) {
  let status = 200;
  const node = await createNode({ name: "gateway", mesh: "test", distributors: [], services: [] });
  let asked = 0;
  const origin = await startOrigin(t, (_request, response) => {
    asked += 1;
    response.writeHead(status, kept).end(`${asked}`);
  });
  const routes = [{ path: "/*", upstream: origin, auth: "public", cache: true }] as const;
  const gateway = await createGateway({ node, port: 0, routes, ...options });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  const says = (next: number) => {
    status = next;
  };
  return { node, gateway, asked: () => asked, says };
}

test("a request that comes again on its connection gets what is stored, each time with an id of its own", async (t) => {
  const { gateway, node, asked } = await startCached(t);
  const send = talkTo(t, gateway);
  const ids = new Set<string | undefined>();
  for (let turn = 0; turn < 20; turn += 1) {
    const { body, field } = await send(ask());
    assert.equal(body, "1");
    ids.add(field("x-request-id"));
  }
  assert.deepEqual([ids.size, asked()], [20, 1]);
  assert.equal(counted(node, "dure_gateway_cache_answers_total", { how: "hit" }), 19);
  const labels = { method: "GET", route: "/*", status: "200" };
  assert.equal(counted(node, "dure_gateway_duration_seconds", labels), 20);
  const { records } = node.traces.spans({});
  const ofRequests = records.filter(({ kind }) => kind === "http");
  assert.equal(new Set(ofRequests.map(({ traceId }) => traceId)).size, ofRequests.length);
  for (const record of ofRequests)
    assert.deepEqual(
      [record.name, record.attributes],
      ["GET /*", { "http.response.status_code": 200 }],
    );
});

test("one that differs in a byte is another request", async (t) => {
  const { gateway, asked } = await startCached(t);
  const send = talkTo(t, gateway);
  for (const path of ["/x", "/x", "/x", "/x", "/x", "/y", "/y", "/x", "/y", "/y"])
    assert.equal((await send(ask(path))).body, path === "/x" ? "1" : "2");
  assert.equal(asked(), 2);
  assert.equal((await send(ask("/x"))).status, 200);
  assert.equal((await send(ask("/x", "Range: bytes=0-0"))).status, 206);
});

test("the id and the trace that a client gives with each request are its request's", async (t) => {
  const { gateway, node } = await startCached(t);
  const send = talkTo(t, gateway);
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const lines = ["X-Request-Id: mine", `traceparent: 00-${traceId}-b7ad6b7169203331-01`];
  for (let turn = 0; turn < turns; turn += 1)
    assert.equal((await send(ask("/x", ...lines))).field("x-request-id"), "mine");
  const { records } = node.traces.spans({ traceIds: [traceId] });
  const ofRequests = records.filter(({ kind }) => kind === "http");
  assert.deepEqual(
    ofRequests.map(({ parentId }) => parentId),
    Array(turns).fill("b7ad6b7169203331"),
  );
});

test("its age grows, and it is asked for anew when it is stale, or purged", async (t) => {
  const lab = await startCacheLab(t);
  lab.says(() => ({ headers: kept, body: `${lab.asked.length}` }));
  const send = talkTo(t, lab.gateway);
  for (let turn = 0; turn < turns; turn += 1) await send(ask());
  lab.advance(100);
  const old = await send(ask());
  assert.deepEqual([old.body, Number(old.field("age")) >= 100], ["1", true]);
  lab.advance(501);
  assert.equal((await send(ask())).body, "2");
  assert.equal((await send(ask())).body, "2");
  const another = talkTo(t, lab.gateway);
  await another(ask().replace("GET", "POST"));
  assert.equal((await send(ask())).body, "4");
});

test("what becomes of a resource is told: another status, another representation, no lifetime any more", async (t) => {
  const lab = await startCacheLab(t);
  const send = talkTo(t, lab.gateway);
  const says = (status: number, headers: Record<string, string>) =>
    lab.says({ status, headers, body: `${status}` });
  for (const [status, headers] of [
    [200, kept],
    [404, kept],
    [200, { ...kept, vary: "accept-language" }],
    [200, { "cache-control": "no-store" }],
  ] as const) {
    says(status, headers);
    lab.advance(601);
    for (let turn = 0; turn < turns; turn += 1) assert.equal((await send(ask())).status, status);
  }
  assert.equal(lab.asked.length, 3 + turns);
});

test("an answer that came to be for some is not sent to others", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: kept, body: "for all" });
  const send = talkTo(t, lab.gateway);
  const korean = ask("/x", "accept-language: ko");
  for (let turn = 0; turn < turns; turn += 1) assert.equal((await send(korean)).body, "for all");
  lab.advance(601);
  lab.says(({ headers }) => ({
    headers: { ...kept, vary: "accept-language" },
    body: headers["accept-language"] ?? "none",
  }));
  assert.equal((await talkTo(t, lab.gateway)(ask())).body, "none");
  assert.equal((await send(korean)).body, "ko");
});

test("answers are counted by the status that they have", async (t) => {
  const { gateway, node, says } = await startCached(t);
  const send = talkTo(t, gateway);
  for (let turn = 0; turn < turns; turn += 1) await send(ask());
  // What is stored is asked for anew.
  await talkTo(t, gateway)(ask().replace("GET", "POST"));
  says(404);
  for (let turn = 0; turn < turns; turn += 1) assert.equal((await send(ask())).status, 404);
  const answersOf = (status: string) =>
    counted(node, "dure_gateway_duration_seconds", { method: "GET", status });
  assert.deepEqual([answersOf("200"), answersOf("404")], [turns, turns]);
});

test("the bounds of a connection hold for requests that come again", async (t) => {
  const { gateway } = await startCached(t, { limits: { requestsPerConnectionMax: turns } });
  const send = talkTo(t, gateway);
  for (let turn = 1; turn <= turns; turn += 1)
    assert.equal((await send(ask())).field("connection"), turn < turns ? undefined : "close");
});

test("limits count requests that come again", async (t) => {
  const { gateway } = await startCached(t, {
    rateLimits: [{ name: "few", by: "ip", requests: turns, perS: 3_600 }],
  });
  const send = talkTo(t, gateway);
  for (let turn = 1; turn <= turns; turn += 1) assert.equal((await send(ask())).status, 200);
  const client = new RawClient(gateway).send(
    ask().replace("Host: a", "Host: a\r\nConnection: close"),
  );
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 429 /);
});

test("a file that was put there comes first from then on", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "dure-test-"));
  t.after(() => rm(folder, { recursive: true }));
  const { gateway } = await startCached(t, { files: [{ folder }] });
  const send = talkTo(t, gateway);
  for (let turn = 0; turn < turns; turn += 1) assert.equal((await send(ask())).body, "1");
  await writeFile(join(folder, "x"), "a file");
  assert.equal((await send(ask())).body, "a file");
});

test("a gateway that closes says so in the answer to a request that came before", async (t) => {
  const { gateway } = await startCached(t);
  const send = talkTo(t, gateway);
  for (let turn = 0; turn < turns; turn += 1) await send(ask());
  const closing = gateway.close(2_000);
  // Connections have their turn within three quarters of that time.
  let answer = await send(ask());
  while (answer.field("connection") === undefined) answer = await send(ask());
  assert.equal(answer.field("connection"), "close");
  await closing;
});

/** A gateway with operations of its own, whose answers are kept. */
async function startOperations(t: TestContext, options: Partial<GatewayOptions> = {}) {
  const output = z.object({ id: z.int() });
  const input = output;
  const things = contract("things", {
    get: op({
      ...{ http: "GET /things/:id", auth: "public", input, output },
      cache: { maxAgeS: 60, tags: ["thing-{id}"] },
    }),
    own: op({ http: "GET /own/:id", input, output, cache: { maxAgeS: 60, by: "principal" } }),
  });
  let calls = 0;
  const get = ({ id }: { id: number }) => {
    calls += 1;
    return { id };
  };
  const node = await createNode({
    ...{ name: "gateway", mesh: "test", distributors: [] },
    services: [service(things, ({ handle }) => handle({ get, own: get }))],
  });
  const gateway = await createGateway({ node, port: 0, ...options });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  return { send: talkTo(t, gateway), calls: () => calls };
}

test("clients of an operation whose answers are purged by tags are told to ask each time", async (t) => {
  const { send, calls } = await startOperations(t);
  for (let turn = 0; turn < turns; turn += 1) {
    const { body, field } = await send(ask("/things/7"));
    assert.deepEqual([body, field("cache-control")], ['{"id":7}', "no-cache"]);
  }
  assert.equal(calls(), 1);
});

test("who is not known any more gets nothing of what was kept", async (t) => {
  let principal: Principal | undefined = { subject: "kim", scopes: [] };
  const { send, calls } = await startOperations(t, { auth: { verifier: () => principal } });
  for (let turn = 0; turn < turns; turn += 1)
    assert.equal((await send(ask("/own/7"))).body, '{"id":7}');
  assert.equal(calls(), 1);
  principal = undefined;
  assert.equal((await send(ask("/own/7"))).status, 401);
});

test("an operation that asks who calls from now on is not answered to nobody", async (t) => {
  const output = z.object({ text: z.string() });
  const get = { http: "GET /things", output } as const;
  const open = contract("things", { get: op({ ...get, auth: "public", cache: { maxAgeS: 60 } }) });
  const closed = contract("things", {
    get: op({ ...get, cache: { maxAgeS: 60, by: "principal" } }),
  });
  const text = "for all";
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  t.after(() => distributor.close());
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  const start = async (name: string, services: readonly Service[]) => {
    const node = await createNode({ name, mesh: "test", services, distributors });
    t.after(() => node.close());
    return node;
  };
  const former = await start("former", [
    service(open, ({ handle }) => handle({ get: () => ({ text }) })),
  ]);
  const gateway = await createGateway({ node: await start("gateway", []), port: 0 });
  t.after(() => gateway.close());
  await until("the service is there", () => gateway.isReady(["things"]));
  const send = talkTo(t, gateway);
  for (let turn = 0; turn < turns; turn += 1)
    assert.equal((await send(ask("/things"))).body, JSON.stringify({ text }));
  await start("later", [service(closed, ({ handle }) => handle({ get: () => ({ text }) }))]);
  await former.close();
  await until("the gateway knows", async () => (await send(ask("/things"))).status === 401);
});
