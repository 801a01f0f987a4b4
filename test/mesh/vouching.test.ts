import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as join2 } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { z } from "zod";
import { type Authority, filesOf, initAuthority } from "../../src/certs/index.ts";
import { createGateway } from "../../src/gateway/index.ts";
import { contract, event, op, type Service, service } from "../../src/index.ts";
import {
  createNode,
  type EventSubscription,
  type EventsPort,
  type MeshNode,
} from "../../src/mesh/index.ts";
import { PrincipalProofs } from "../../src/mesh/principal-proofs.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { createTlsTransport, type Transport } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";

const Who = z.object({ subject: z.string(), scopes: z.array(z.string()) });
const vault = contract("vault", { open: op({ scopes: ["vault"], output: Who }) });
const relay = contract("relay", {
  who: op({ http: "GET /who", output: Who }),
  open: op({ http: "GET /open", auth: "public", output: Who }),
});
const vaultService = service(vault, ({ handle }) =>
  handle({
    open: (_, { principal }) => ({
      subject: principal?.subject ?? "",
      scopes: [...(principal?.scopes ?? [])],
    }),
  }),
);
const relayService = service(relay, ({ handle }) =>
  handle({ who: (_, ctx) => ctx.client(vault).open(), open: (_, ctx) => ctx.client(vault).open() }),
);

let folder = "";
let authority: Authority;
before(async () => {
  folder = mkdtempSync(join2(tmpdir(), "dure-vouching-"));
  authority = await initAuthority(folder, "test");
  for (const name of ["distributor", "vault", "relay", "gateway", "reviews"])
    await authority.issue({ name });
});
after(() => rmSync(folder, { recursive: true }));

/** A mesh with certificates. `join` starts a node in it. */
async function startMesh(t: TestContext) {
  const closers: (() => unknown)[] = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const tls = async (name: string): Promise<Transport> => {
    const transport = await createTlsTransport(filesOf(folder, name));
    closers.push(() => transport.close());
    return transport;
  };
  const transport = await tls("distributor");
  const distributor = await createDistributor({ mesh: "test", port: 0, transport });
  closers.push(() => distributor.close());
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  const join = async (
    name: string,
    services: readonly Service[] = [],
    events?: EventsPort,
  ): Promise<MeshNode> => {
    const node = await createNode({
      name,
      mesh: "test",
      services,
      transport: await tls(name),
      distributors,
      events,
    });
    closers.push(() => node.close());
    return node;
  };
  return { join, closers };
}

/** Calls `vault.open` for somebody. */
async function openVault(node: MeshNode, principal: string | undefined) {
  const { outcome } = node.call({
    ref: { service: "vault", operation: "open", contractHash: "" },
    head: { deadlineMs: 5_000, principal },
    body: "",
    isIdempotent: true,
  });
  const settled = await outcome;
  return settled.ok ? String(settled.response.body) : settled.failure;
}

const somebody = JSON.stringify({
  subject: "7",
  scopes: ["vault"],
  claims: { "1": "a", iss: "shop" },
});

test("what a gateway vouches for is believed over several hops, from its first request on", async (t) => {
  const { join, closers } = await startMesh(t);
  await join("vault", [vaultService]);
  await join("relay", [relayService]);
  const node = await join("gateway");
  const verifier = async () => ({ subject: "7", scopes: ["vault"] });
  const gateway = await createGateway({ node, port: 0, auth: { verifier } });
  closers.push(() => gateway.close());
  await until("the route is there", () => gateway.isReady(["relay"]), 30_000);
  for (let round = 0; round < 3; round += 1) {
    const answer = await fetch(`${gateway.url}/who`);
    assert.deepEqual(
      [answer.status, await answer.json()],
      [200, { subject: "7", scopes: ["vault"] }],
    );
  }
});

test("a member that may call cannot make a principal up, change one, or sign one itself", async (t) => {
  const { join } = await startMesh(t);
  await join("vault", [vaultService]);
  const gateway = await join("gateway");
  const reviews = await join("reviews");
  for (const node of [gateway, reviews])
    await until(
      "the vault is known",
      () => node.registry.instancesOf("vault").length === 1,
      30_000,
    );
  const proven = gateway.vouching.sign(somebody);
  assert.match(String(await openVault(gateway, proven)), /"subject":"7"/);
  // Whoever serves a request passes its principal on.
  assert.match(String(await openVault(reviews, proven)), /"subject":"7"/);
  const { proof } = JSON.parse(proven) as { proof: string };
  const own = reviews.vouching.sign(somebody);
  const madeUp: [string, string, RegExp][] = [
    ["without a proof", somebody, /has no proof/],
    ["another subject", proven.replace('"7"', '"8"'), /is not what was signed/],
    ["another scope", proven.replace('"vault"', '"vault","admin"'), /is not what was signed/],
    [
      "a later date",
      proven.replace(/\.(\d+)\./, (_, at) => `.${Number(at) + 60}.`),
      /is not what was signed/,
    ],
    [
      "a date of the future",
      proven.replace(/\.(\d+)\./, (_, at) => `.${Number(at) + 3_600}.`),
      /too old/,
    ],
    [
      "a date of last week",
      proven.replace(/\.(\d+)\./, (_, at) => `.${Number(at) - 604_800}.`),
      /too old/,
    ],
    ["no signature", proven.replace(/\.[\w-]+"\}$/, '."}'), /has no proof/],
    ["two proofs", proven.replace(/\}$/, `,"proof":"${proof}"}`), /is not what was signed/],
    ["what is behind the proof", `${proven} `, /has no proof/],
    [
      "its own signature",
      own,
      /was signed by reviews, and only gateway may; add "reviews" to security\.principals/,
    ],
    [
      "the gateway's name on it",
      own.replace(/"proof":"[^.]+/, `"proof":"${proof.split(".")[0]}`),
      /is not what was signed/,
    ],
    ["no JSON", "7", /has no proof/],
  ];
  for (const [what, principal, message] of madeUp) {
    const failure = await openVault(reviews, principal);
    assert.ok(typeof failure === "object", `${what} was believed`);
    assert.equal(failure.code, "UNAUTHENTICATED", what);
    assert.match(failure.message, message, what);
  }
  // Nobody is nobody: then scopes decide.
  assert.equal(((await openVault(reviews, undefined)) as { code: string }).code, "UNAUTHENTICATED");
});

test("a certificate that nobody knows vouches for nothing, and one of another mesh neither", async (t) => {
  const { join } = await startMesh(t);
  await join("vault", [vaultService]);
  const reviews = await join("reviews");
  await until(
    "the vault is known",
    () => reviews.registry.instancesOf("vault").length === 1,
    30_000,
  );
  const elsewhere = join2(folder, "elsewhere");
  const foreign = await initAuthority(elsewhere, "test");
  await foreign.issue({ name: "gateway" });
  const transport = await createTlsTransport(filesOf(elsewhere, "gateway"));
  t.after(() => transport.close());
  const { proofs } = transport;
  const stranger = await createNode({ name: "gateway", mesh: "test", distributors: [], transport });
  t.after(() => stranger.close());
  const signed = stranger.vouching.sign(somebody);
  // The registry passes on what it is told: a member may say that this certificate is its own.
  reviews.registry.update({ certificates: [proofs?.certificate ?? ""] });
  const failure = await openVault(reviews, signed);
  assert.ok(typeof failure === "object");
  assert.deepEqual(
    [failure.code, /not known here/.test(failure.message)],
    ["UNAUTHENTICATED", true],
  );
});

test("a renewed certificate vouches, and what the former one signed stays believed", async (t) => {
  const { join } = await startMesh(t);
  await join("vault", [vaultService]);
  const gateway = await join("gateway");
  await until(
    "the vault is known",
    () => gateway.registry.instancesOf("vault").length === 1,
    30_000,
  );
  const former = gateway.vouching.sign(somebody);
  await authority.issue({ name: "gateway" });
  let asked = 0;
  const renewed = await until(
    "the new certificate signs",
    () => {
      asked += 1;
      const signed = gateway.vouching.sign(
        JSON.stringify({ subject: `n${asked}`, scopes: ["vault"] }),
      );
      const idOf = (text: string) => JSON.parse(text).proof.split(".")[0];
      return idOf(signed) === idOf(former) ? undefined : signed;
    },
    30_000,
  );
  assert.match(String(await openVault(gateway, renewed)), /"subject":"n/);
  assert.match(String(await openVault(gateway, former)), /"subject":"7"/);
});

test("an event with a principal that nobody vouches for is handled without it", async (t) => {
  const { join } = await startMesh(t);
  const gateway = await join("gateway");
  const shop = contract("shop", { sold: event(z.object({})) });
  const seen: (string | undefined)[] = [];
  const listening = contract("listening", {});
  const delivered: EventSubscription[] = [];
  const events: EventsPort = {
    publish: async () => {},
    start: (_node, { subscriptions }) => delivered.push(...subscriptions),
    drain: async () => {},
    close: () => {},
  };
  const listener = service(listening, ({ on, handle }) => {
    on(shop.sold, (_, { principal }) => {
      seen.push(principal?.subject);
    });
    return handle({});
  });
  const node = await join("relay", [listener], events);
  gateway.vouching.announce();
  await until("its certificate is known", () =>
    node.registry.nodes().some(({ record }) => record.certificates),
  );
  const principals = [JSON.parse(gateway.vouching.sign(somebody)), JSON.parse(somebody), undefined];
  for (const principal of principals) {
    const head = JSON.stringify({ principal });
    const incoming = { topic: "shop.sold", key: "", head, body: "{}", id: "1", attempt: 0 };
    await delivered[0]?.deliver(incoming as never, new AbortController().signal);
  }
  assert.deepEqual(seen, ["7", undefined, undefined]);
});

test("what signing and checking cost is told", async (t) => {
  const { join } = await startMesh(t);
  await join("vault", [vaultService]);
  const gateway = await join("gateway");
  const count = 1_000;
  let at = 0;
  const principals = Array.from({ length: count }, (_, number) =>
    JSON.stringify({ subject: `n${number}`, scopes: ["vault"] }),
  );
  const transport = await createTlsTransport(filesOf(folder, "vault"));
  t.after(() => transport.close());
  const checker = new PrincipalProofs("test", gateway.registry, { transport });
  t.after(() => checker.close());
  const measure = (what: string, run: (principal: string) => unknown) => {
    const startedAt = performance.now();
    for (const principal of principals) run(principal);
    t.diagnostic(`${what}: ${(((performance.now() - startedAt) * 1_000) / count).toFixed(1)} us`);
  };
  measure("to sign", (principal) => gateway.vouching.sign(principal));
  measure("to remember what was signed", (principal) => gateway.vouching.sign(principal));
  const signed = principals.map((principal) => gateway.vouching.sign(principal));
  const check = (principal: string) => assert.equal(checker.judge(principal), undefined);
  for (const what of ["to check", "to remember what was checked"])
    measure(what, () => check(signed[at++ % count] ?? ""));
});
