import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { z } from "zod";
import { createGateway } from "../../../src/gateway/index.ts";
import { contract, op, service } from "../../../src/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { startOrigin } from "../upstream/support.ts";

const Seen = z.object({ id: z.int(), calls: z.int(), by: z.string().nullable() });
const ById = z.object({ id: z.int() });
const things = contract("things", {
  get: op({
    http: "GET /things/:id",
    auth: "public",
    input: ById,
    output: Seen,
    cache: { maxAgeS: 60, staleWhileRevalidateS: 10, staleIfErrorS: 600 },
    errors: { NoSuchThing: { status: 404, data: ById } },
  }),
  own: op({
    http: "GET /own/:id",
    input: ById,
    output: Seen,
    cache: { maxAgeS: 60, by: "principal" },
  }),
  change: op({ http: "PUT /things/:id", auth: "public", input: ById, output: ById }),
});

async function start(t: TestContext) {
  const pair = await generateKeyPair("EdDSA", { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: "one", alg: "EdDSA" };
  const url = await startOrigin(t, (_request, response) => {
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  let calls = 0;
  const node = await createNode({
    name: "gateway",
    mesh: "test",
    distributors: [],
    services: [
      service(things, ({ handle }) =>
        handle({
          get: ({ id }, ctx) => {
            calls += 1;
            if (id === 404) return ctx.fail("NoSuchThing", { id });
            return { id, calls, by: ctx.principal?.subject ?? null };
          },
          own: ({ id }, ctx) => {
            calls += 1;
            return { id, calls, by: ctx.principal?.subject ?? null };
          },
          change: ({ id }) => ({ id }),
        }),
      ),
    ],
  });
  const auth = { issuers: [{ issuer: "test", algorithms: ["EdDSA"], jwks: { url } }] };
  const gateway = await createGateway({ node, port: 0, auth });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  const tokenOf = (subject: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: "EdDSA", kid: "one" })
      .setIssuer("test")
      .setSubject(subject)
      .setExpirationTime("1h")
      .sign(pair.privateKey);
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(gateway.url + path, { headers });
    const text = await answer.text();
    return { answer, value: text === "" ? undefined : JSON.parse(text) };
  };
  return { get, tokenOf, calls: () => calls, base: gateway.url };
}

test("answers of an operation with a lifetime are kept, told to clients, and validated by a tag", async (t) => {
  const { get, calls } = await start(t);
  const first = await get("/things/1");
  const second = await get("/things/1");
  assert.deepEqual(second.value, first.value);
  assert.equal(calls(), 1);
  const { headers } = second.answer;
  assert.equal(
    headers.get("cache-control"),
    "max-age=60, stale-while-revalidate=10, stale-if-error=600",
  );
  assert.equal(headers.get("content-type"), "application/json");
  assert.match(headers.get("cache-status") ?? "", /^Dure; hit; ttl=\d+$/);
  await get("/things/2");
  assert.equal(calls(), 2);
});

test("a cached public operation is called as nobody, so nobody's answer reaches others", async (t) => {
  const { get, tokenOf } = await start(t);
  const authorization = `Bearer ${await tokenOf("kim")}`;
  const signedIn = await get("/things/1", { authorization });
  assert.equal(signedIn.value.by, null);
  assert.equal((await get("/things/1")).value.by, null);
  // A bad token is refused all the same.
  assert.equal((await get("/things/1", { authorization: "Bearer x" })).answer.status, 401);
});

test("where answers are kept by principal, each gets its own", async (t) => {
  const { get, tokenOf, calls } = await start(t);
  const kim = { authorization: `Bearer ${await tokenOf("kim")}` };
  const lee = { authorization: `Bearer ${await tokenOf("lee")}` };
  assert.equal((await get("/own/1", kim)).value.by, "kim");
  assert.equal((await get("/own/1", lee)).value.by, "lee");
  const again = await get("/own/1", kim);
  assert.equal(again.value.by, "kim");
  assert.equal(calls(), 2);
  assert.equal(again.answer.headers.get("cache-control"), "private, max-age=60");
  assert.equal((await get("/own/1")).answer.status, 401);
});

test("errors are told as ever and not kept; a change takes its URL out", async (t) => {
  const { get, calls, base } = await start(t);
  for (const count of [1, 2]) {
    const missing = await get("/things/404");
    assert.equal(missing.answer.status, 404);
    assert.equal(missing.value.code, "NoSuchThing");
    assert.equal(calls(), count);
  }
  await get("/things/1");
  await fetch(`${base}/things/1`, { method: "PUT" });
  await get("/things/1");
  assert.equal(calls(), 4);
});

test("a contract whose cache would mix principals, or is for no GET, is refused", () => {
  const declare = (options: object) => () => contract("x", { y: op(options as never) });
  const output = z.object({});
  const cache = { maxAgeS: 1 };
  assert.throws(declare({ http: "GET /x", output, cache }), /principal/);
  assert.throws(declare({ http: "POST /x", auth: "public", output, cache }), /GET/);
  const half = { maxAgeS: 0.5 };
  assert.throws(declare({ http: "GET /x", auth: "public", output, cache: half }), /whole seconds/);
});
