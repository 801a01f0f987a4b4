import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { createApiKey, createGateway, type Gateway } from "../../src/gateway/index.ts";
import {
  contract,
  DureError,
  op,
  type RequestVerifier,
  type Service,
  service,
} from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { type ShiftedTime, shiftedTime } from "../support/shifted-time.ts";
import { until } from "../support/until.ts";

const Caller = z.object({
  subject: z.string(),
  scopes: z.array(z.string()).readonly(),
  claims: z.record(z.string(), z.unknown()).optional(),
});
const sessions = contract("sessions", {
  find: op({ input: z.object({ id: z.string() }), output: z.object({ member: z.string() }) }),
});
const front = contract("front", {
  whoami: op({ http: "GET /whoami", output: Caller }),
  deep: op({ http: "GET /deep", output: Caller }),
  secret: op({ http: "GET /secret" }),
  open: op({ http: "GET /open", auth: "public", output: z.object({ subject: z.string() }) }),
});
const back = contract("back", {
  whoami: op({ output: Caller }),
  secret: op({ scopes: ["vault:open"] }),
});
const nobody = { subject: "", scopes: [] };

const key = createApiKey();
const ending = createApiKey();
const stranger = createApiKey();
/** What the project's own verifier does; each test says it. */
let verifier: RequestVerifier = () => undefined;

let distributor: Distributor;
let gateway: Gateway;
const nodes: MeshNode[] = [];
let time: ShiftedTime;

before(async () => {
  time = shiftedTime();
  distributor = await createDistributor({ mesh: "test", port: 0 });
  const join = async (name: string, services: Service[]) => {
    const distributors = [{ host: "127.0.0.1", port: distributor.port }];
    const node = await createNode({ name, mesh: "test", distributors, services });
    nodes.push(node);
    return node;
  };
  await join("back", [
    service(back, ({ handle }) =>
      handle({ whoami: (_, ctx) => ctx.principal ?? nobody, secret: () => {} }),
    ),
    service(sessions, ({ handle }) => handle({ find: ({ id }) => ({ member: `member-${id}` }) })),
  ]);
  await join("front", [
    service(front, ({ handle }) =>
      handle({
        whoami: (_, ctx) => ctx.principal ?? nobody,
        deep: (_, ctx) => ctx.client(back).whoami(),
        secret: (_, ctx) => ctx.client(back).secret(),
        open: (_, ctx) => ({ subject: ctx.principal?.subject ?? "nobody" }),
      }),
    ),
  ]);
  const node = await join("gateway", []);
  gateway = await createGateway({
    node,
    port: 0,
    auth: {
      apiKeys: [
        { id: key.id, hash: key.hash, subject: "billing", scopes: ["vault:open"] },
        { id: ending.id, hash: ending.hash, subject: "trial", expires: tomorrow() },
      ],
      verifier: (request) => verifier(request),
    },
  });
  await until(
    "the gateway knows the services",
    () => gateway.isReady(["front", "back", "sessions"]),
    30_000,
  );
});
after(async () => {
  await gateway.close();
  await Promise.all(nodes.map((node) => node.close()));
  await distributor.close();
  time.restore();
});

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.url + path, { headers });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("an API key is its entry's principal, at every hop", async () => {
  const principal = {
    subject: "billing",
    scopes: ["vault:open"],
    claims: { apiKey: key.id },
  };
  assert.deepEqual((await get("/whoami", bearer(key.key))).body, principal);
  assert.deepEqual((await get("/deep", bearer(key.key))).body, principal);
  assert.equal((await get("/secret", bearer(key.key))).status, 204);
});

test("a scope that only the second hop asks for is checked there", async () => {
  const refused = await get("/secret", bearer(ending.key));
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /vault:open/);
});

test("keys that nobody was given are refused, whichever part of them is wrong", async () => {
  for (const token of [
    stranger.key,
    key.key.replace(key.id, ending.id),
    `${key.key.slice(0, -1)}${key.key.endsWith("A") ? "B" : "A"}`,
    key.key.slice(0, -1),
    `${key.key}=`,
    key.hash,
    key.id,
  ]) {
    assert.equal((await get("/whoami", bearer(token))).status, 401, token);
    assert.equal((await get("/open", bearer(token))).status, 401, token);
  }
});

test("a key ends on its day", async () => {
  assert.equal((await get("/whoami", bearer(ending.key))).status, 200);
  time.pass(86_400_000);
  const { status, body } = await get("/whoami", bearer(ending.key));
  assert.equal(status, 401);
  assert.match(body.detail, /expired/);
});

test("each key is another one, and nothing of it is in its hash", () => {
  const keys = Array.from({ length: 100 }, createApiKey);
  assert.equal(new Set(keys.map((made) => made.key)).size, 100);
  for (const { key: text, hash, id } of keys) {
    assert.match(text, /^dure_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.ok(text.includes(id));
  }
});

test("entries that no key could fit are refused at the start", async () => {
  const start = (apiKeys: { id: string; hash: string; subject: string; expires?: string }[]) =>
    createGateway({ node: nodes[0] as MeshNode, port: 0, auth: { apiKeys } });
  const { id, hash } = key;
  for (const entry of [
    { id, hash: key.key },
    { id: "one", hash },
    { id, hash, expires: "soon" },
  ])
    await assert.rejects(start([{ ...entry, subject: "kim" }]), /"kim" is not what dure api-key/);
  const twice = { id, hash, subject: "kim" };
  await assert.rejects(start([twice, twice]), /two entries have the same id/);
});

test("the project's own verifier is asked first, and may ask the mesh", async () => {
  verifier = async (request) => {
    const [, id] = /sid=(\w+)/.exec(request.header("Cookie") ?? "") ?? [];
    if (!id) return undefined;
    assert.deepEqual([request.method, request.remoteAddress], ["GET", "127.0.0.1"]);
    const { member } = await request.client(sessions).find({ id });
    return { subject: member, scopes: [request.path] };
  };
  const bySession = await get("/deep", { cookie: "sid=7" });
  assert.deepEqual(bySession.body, { subject: "member-7", scopes: ["/deep"] });
  assert.equal((await get("/open", { cookie: "sid=7" })).body.subject, "member-7");
  assert.equal((await get("/open")).body.subject, "nobody");
  assert.equal((await get("/whoami")).status, 401);
  assert.equal((await get("/whoami", bearer(key.key))).body.subject, "billing");
});

test("a verifier that refuses is 401 with its words; one that fails or answers nonsense lets nobody in", async () => {
  verifier = () => {
    throw new DureError("UNAUTHENTICATED", "the session has ended");
  };
  const refused = await get("/whoami", bearer(key.key));
  assert.deepEqual([refused.status, refused.body.detail], [401, "the session has ended"]);
  for (const broken of [
    () => {
      throw new Error("the database is gone");
    },
    () => ({ subject: "", scopes: [] }),
    () => ({ subject: "kim" }) as never,
    () => "kim" as never,
    () => null as never,
  ]) {
    verifier = broken;
    const { status, body } = await get("/open");
    assert.equal(status, 503, String(broken));
    assert.doesNotMatch(body.detail, /database/);
  }
  verifier = () => undefined;
});
