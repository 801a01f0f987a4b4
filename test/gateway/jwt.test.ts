import assert from "node:assert/strict";
import { createHmac, createPublicKey } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import {
  CompactSign,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { z } from "zod";
import { createGateway, type Gateway, type GatewayOptions } from "../../src/gateway/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { rawHttp } from "../support/raw-http.ts";
import { type ShiftedTime, shiftedTime } from "../support/shifted-time.ts";
import { until } from "../support/until.ts";

const whoami = contract("whoami", {
  get: op({ http: "GET /me", output: z.object({ subject: z.string() }) }),
  erase: op({ http: "DELETE /me", scopes: ["me:write", "me:erase"] }),
});
const whoamiService = service(whoami, ({ handle }) =>
  handle({ get: (_, ctx) => ({ subject: ctx.principal?.subject ?? "" }), erase: () => {} }),
);

/** Another party that signs tokens: its keys are behind an HTTP server. */
interface IdentityProvider {
  readonly url: string;
  keys: JWK[];
  /** What it answers instead of its keys. */
  trouble: { readonly status: number; readonly body: string } | undefined;
  fetches: number;
  close(): void;
}

async function identityProvider(): Promise<IdentityProvider> {
  const server: Server = createServer((_, response) => {
    provider.fetches += 1;
    const { trouble, keys } = provider;
    response.writeHead(trouble?.status ?? 200, { location: "/elsewhere" });
    response.end(trouble?.body ?? JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const provider: IdentityProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    keys: [],
    trouble: undefined,
    fetches: 0,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return provider;
}

const rsa = await generateKeyPair("RS256", { extractable: true });
const ec = await generateKeyPair("ES256", { extractable: true });
const ed = await generateKeyPair("EdDSA", { extractable: true });
const next = await generateKeyPair("EdDSA", { extractable: true });
const publicJwk = async ({ publicKey }: { publicKey: CryptoKey }, kid: string): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  kid,
});

let node: MeshNode;
let gateway: Gateway;
let shop: IdentityProvider;
let partner: IdentityProvider;
let time: ShiftedTime;

before(async () => {
  node = await createNode({ name: "gateway", distributors: [], services: [whoamiService] });
});
after(() => node.close());
beforeEach(async () => {
  time = shiftedTime();
  shop = await identityProvider();
  shop.keys = [await publicJwk(ed, "ed")];
  partner = await identityProvider();
  partner.keys = [await publicJwk(rsa, "rsa"), await publicJwk(ec, "ec")];
  gateway = await createGateway({
    node,
    port: 0,
    auth: {
      issuers: [
        { issuer: "shop", audience: "api", algorithms: ["EdDSA"], jwks: { url: shop.url } },
        {
          issuer: "partner",
          audience: ["api", "apis"],
          algorithms: ["RS256"],
          jwks: { url: partner.url },
          clockToleranceS: 0,
        },
      ],
    },
  });
});
afterEach(async () => {
  await gateway.close();
  shop.close();
  partner.close();
  time.restore();
});

interface Signing {
  readonly key?: CryptoKey;
  readonly header?: Record<string, unknown>;
  readonly claims?: JWTPayload;
}
const seconds = () => Math.floor(Date.now() / 1_000);
const sign = ({ key = ed.privateKey, header, claims }: Signing = {}) =>
  new SignJWT({ iss: "shop", aud: "api", sub: "kim", exp: seconds() + 300, ...claims })
    .setProtectedHeader({ alg: "EdDSA", kid: "ed", ...header })
    .sign(key);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsOf = (issuer: string) => ({
  iss: issuer,
  aud: "api",
  sub: "kim",
  exp: seconds() + 300,
});

async function ask(token: string, method = "GET") {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${gateway.url}/me`, { method, headers });
  const text = await response.text();
  const body = text === "" ? {} : JSON.parse(text);
  const challenge = response.headers.get("www-authenticate");
  return {
    status: response.status,
    detail: String(body.detail ?? ""),
    subject: body.subject,
    challenge,
    retryAfter: response.headers.get("retry-after"),
  };
}

test("issuers have keys and algorithms of their own", async () => {
  assert.equal((await ask(await sign())).subject, "kim");
  const fromPartner = { iss: "partner", aud: "apis", sub: "lee" };
  const byRsa = { key: rsa.privateKey, header: { alg: "RS256", kid: "rsa" } };
  assert.equal((await ask(await sign({ ...byRsa, claims: fromPartner }))).subject, "lee");
  // The key is the partner's, the algorithm is not one of those that it may use.
  const byEc = { key: ec.privateKey, header: { alg: "ES256", kid: "ec" } };
  assert.equal((await ask(await sign({ ...byEc, claims: fromPartner }))).status, 401);
  // A key of the partner does not sign for the shop.
  assert.equal((await ask(await sign(byRsa))).status, 401);
});

test("forged tokens are refused, each for what is wrong with it", async () => {
  const pem = createPublicKey({ key: shop.keys[0] as never, format: "jwk" });
  const rsaPem = createPublicKey({ key: partner.keys[0] as never, format: "jwk" });
  const hmac = (header: object, claims: object, secret: string | Buffer) => {
    const signed = `${part(header)}.${part(claims)}`;
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  };
  const spki = rsaPem.export({ type: "spki", format: "pem" });
  const der = pem.export({ type: "spki", format: "der" });
  const good = await sign();
  const [head, , signature] = good.split(".");
  const stranger = { key: next.privateKey };
  const embedded = { jwk: await publicJwk(next, "ed"), jku: shop.url, x5u: shop.url };
  const critical = await new CompactSign(Buffer.from(JSON.stringify(claimsOf("shop"))))
    .setProtectedHeader({ alg: "EdDSA", kid: "ed", crit: ["exotic"], exotic: true })
    .sign(ed.privateKey, { crit: { exotic: true } });
  for (const [name, token] of [
    ["none", `${part({ alg: "none" })}.${part(claimsOf("shop"))}.`],
    ["None", `${part({ alg: "None", kid: "ed" })}.${part(claimsOf("shop"))}.${signature}`],
    ["HS256 by the RSA key", hmac({ alg: "HS256", kid: "rsa" }, claimsOf("partner"), spki)],
    ["HS256 by the Ed25519 key", hmac({ alg: "HS256", kid: "ed" }, claimsOf("shop"), der)],
    ["key of another type", await sign({ key: ec.privateKey, header: { alg: "ES256" } })],
    ["stranger's key", await sign(stranger)],
    ["stranger's key within", await sign({ ...stranger, header: embedded })],
    ["unknown extension", critical],
    ["other claims", `${head}.${part({ ...claimsOf("shop"), sub: "root" })}.${signature}`],
    ["no signature", `${head}.${part(claimsOf("shop"))}.`],
    ["two parts", `${head}.${part(claimsOf("shop"))}`],
    ["five parts", `${good}.a.b`],
    ["not JSON", "a.b.c"],
    ["a subject that is no text", await sign({ claims: { sub: 7 as never } })],
    ["an empty subject", await sign({ claims: { sub: "" } })],
    ["an expiry that is no number", await sign({ claims: { exp: "never" as never } })],
    ["an endless token", await sign({ claims: { exp: undefined as never } })],
  ] as const) {
    const { status, challenge, detail } = await ask(token);
    assert.equal(status, 401, name);
    assert.equal(challenge, 'Bearer error="invalid_token"', name);
    assert.doesNotMatch(detail, /jose|stack|HS256|secret/i, name);
  }
});

test("a token with any part of it changed is refused, and never more than that", async () => {
  const good = await sign();
  const changes = fc.record({
    at: fc.nat(good.length - 1),
    cut: fc.nat(5),
    put: fc.string({ maxLength: 5, unit: fc.constantFrom(..."aAzZ09-_.=+/~") }),
  });
  await fc.assert(
    fc.asyncProperty(changes, async ({ at, cut, put }) => {
      const changed = good.slice(0, at) + put + good.slice(at + cut);
      const { status } = await ask(changed);
      // The last character of base64url has bits that mean nothing: another one may spell the same signature.
      const bytes = (token: string) => Buffer.from(token.split(".")[2] ?? "", "base64url");
      const signed = (token: string) => token.split(".").slice(0, 2).join(".");
      const isSame = signed(changed) === signed(good) && bytes(changed).equals(bytes(good));
      assert.ok(isSame || status === 401, `${status}: ${changed}`);
    }),
    { numRuns: 300 },
  );
});

test("times, audience and issuer are checked, and told to the owner of the token", async () => {
  for (const [claims, detail] of [
    [{ exp: seconds() - 61 }, /has expired/],
    [{ nbf: seconds() + 120 }, /not valid yet/],
    [{ aud: "another" }, /for somebody else/],
    [{ aud: undefined }, /no claim "aud"/],
    [{ iss: "evil" }, /issuer is not accepted/],
    [{ iss: undefined }, /issuer is not accepted/],
    [{ iss: "constructor" }, /issuer is not accepted/],
  ] as const) {
    const refused = await ask(await sign({ claims: claims as JWTPayload }));
    assert.equal(refused.status, 401, JSON.stringify(claims));
    assert.match(refused.detail, detail);
  }
  assert.equal((await ask(await sign({ claims: { exp: seconds() - 30 } }))).status, 200);
  assert.equal((await ask(await sign({ claims: { nbf: seconds() + 30 } }))).status, 200);
  const strict = { key: rsa.privateKey, header: { alg: "RS256", kid: "rsa" } };
  const late = { ...claimsOf("partner"), exp: seconds() - 5 };
  assert.match((await ask(await sign({ ...strict, claims: late }))).detail, /has expired/);
});

test("a token that was accepted ends when it expires", async () => {
  const token = await sign({ claims: { exp: seconds() + 100 } });
  assert.equal((await ask(token)).status, 200);
  time.pass(161_000);
  assert.match((await ask(token)).detail, /has expired/);
});

test("a missing scope is 403 and named, where the operation is asked for", async () => {
  const some = await sign({ claims: { scope: "me:write" } });
  const refused = await ask(some, "DELETE");
  assert.equal(refused.status, 403);
  assert.match(refused.detail, /scope me:erase/);
  assert.equal(refused.challenge, 'Bearer error="insufficient_scope", scope="me:erase"');
  const all = await sign({ claims: { scope: "me:write me:erase" } });
  assert.equal((await ask(all, "DELETE")).status, 204);
});

test("a new key is found when a token names it, and made-up names fetch nothing", async () => {
  assert.equal((await ask(await sign())).status, 200);
  const byNext = { key: next.privateKey, header: { kid: "next" } };
  const early = await ask(await sign(byNext));
  assert.match(early.detail, /a key unknown to its issuer/);
  shop.keys = [await publicJwk(ed, "ed"), await publicJwk(next, "next")];
  time.pass(10_001);
  const answers = await Promise.all([1, 2, 3].map(async () => ask(await sign(byNext))));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(shop.fetches, 2);
  for (const kid of ["../../etc/passwd", "' or 1=1", "\u0000", "__proto__", "http://evil/key"])
    assert.equal((await ask(await sign({ header: { kid } }))).status, 401, kid);
  assert.equal(shop.fetches, 2);
});

test("a key that its issuer withdrew ends with the next set, also for tokens that are remembered", async () => {
  const token = await sign({ claims: { exp: seconds() + 3_600 } });
  assert.equal((await ask(token)).status, 200);
  shop.keys = [await publicJwk(next, "next")];
  time.pass(10 * 60_000);
  await until("the keys are fetched behind a request", async () => {
    await ask(token);
    return shop.fetches === 2;
  });
  time.pass(5 * 60_000);
  await until("the key is gone", async () => (await ask(token)).status === 401);
});

test("keys outlive their issuer's server for a day; then nobody can be judged, and that is no 401", async () => {
  const day = 24 * 3_600;
  const token = await sign({ claims: { exp: seconds() + 10 * day } });
  assert.equal((await ask(token)).status, 200);
  shop.trouble = { status: 500, body: "" };
  time.pass((day - 60) * 1_000);
  assert.equal((await ask(token)).status, 200);
  const unknown = await ask(
    await sign({ header: { kid: "new" }, claims: { exp: seconds() + 2 * day } }),
  );
  assert.deepEqual([unknown.status, unknown.retryAfter], [503, "1"]);
  time.pass(6 * 60_000);
  const late = await ask(token);
  assert.deepEqual([late.status, late.retryAfter], [503, "1"]);
  shop.trouble = undefined;
  time.pass(1_001);
  assert.equal((await ask(token)).status, 200);
});

test("a key server that redirects, talks nonsense or never stops is not believed", async () => {
  const token = await sign();
  for (const trouble of [
    { status: 302, body: "" },
    { status: 200, body: "{" },
    { status: 200, body: "{}" },
    { status: 200, body: "null" },
    { status: 200, body: JSON.stringify({ keys: Array(101).fill(shop.keys[0]) }) },
    { status: 200, body: JSON.stringify({ keys: shop.keys, pad: "x".repeat(300_000) }) },
  ]) {
    shop.trouble = trouble;
    time.pass(1_001);
    assert.equal((await ask(token)).status, 503, trouble.body.slice(0, 40));
  }
  shop.trouble = undefined;
  time.pass(1_001);
  assert.equal((await ask(token)).status, 200);
});

test("oversized credentials, other schemes and a second Authorization never reach an issuer", async () => {
  const get = (fields: string) =>
    rawHttp(gateway.port, `GET /me HTTP/1.1\r\nHost: a\r\n${fields}Connection: close\r\n\r\n`);
  const token = await sign();
  const two = `Authorization: Bearer ${token}\r\nAuthorization: Bearer ${token}\r\n`;
  assert.match(await get(two), /^HTTP\/1\.1 400 /);
  assert.match(await get("Authorization: Basic a2ltOmtpbQ==\r\n"), /^HTTP\/1\.1 401 /);
  assert.match(await get(`Authorization: Bearer ${token}, ${token}\r\n`), /^HTTP\/1\.1 401 /);
  assert.match(await get("Authorization: Bearer\r\n"), /^HTTP\/1\.1 401 /);
  const large = await sign({ claims: { pad: "x".repeat(8_000) } });
  assert.match((await ask(large)).detail, /the limit is 8192/);
  assert.equal(shop.fetches, 0);
});

test("keys that could be changed on their way are told of", async () => {
  const told: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void told.push(message) };
  for (const url of ["http://keys.example/jwks", "https://keys.example/jwks", shop.url]) {
    const issuers = [{ issuer: "a", algorithms: ["EdDSA"], jwks: { url } }];
    const quiet = await createGateway({ node, port: 0, auth: { issuers }, logger });
    await quiet.close();
  }
  assert.deepEqual(told, ["an issuer's keys are fetched without encryption: use https"]);
});

test("issuers that could not be trusted are refused at the start", async () => {
  const start = (issuers: NonNullable<GatewayOptions["auth"]>["issuers"]) =>
    createGateway({ node, port: 0, auth: { issuers } });
  const jwks = { url: shop.url };
  await assert.rejects(start([{ issuer: "a", algorithms: ["HS256"], jwks }]), /"HS256" proves/);
  await assert.rejects(start([{ issuer: "a", algorithms: ["none"], jwks }]), /"none" proves/);
  const twice = { issuer: "a", algorithms: ["EdDSA"], jwks };
  await assert.rejects(start([twice, twice]), /"a" is there twice/);
});
