import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { filesOf, initAuthority, openAuthority } from "../../src/certs/index.ts";
import {
  Client,
  createTlsTransport,
  Server,
  type TlsTransport,
  type Transport,
} from "../../src/wire/index.ts";
import { until } from "../support/until.ts";

let folder = "";
let strangers = "";
const transports: TlsTransport[] = [];
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "dure-certs-"));
  strangers = mkdtempSync(join(tmpdir(), "dure-certs-"));
  const authority = await initAuthority(folder, "shop");
  for (const name of ["products", "store", "reviews"]) await authority.issue({ name });
  await authority.issue({ name: "core", services: ["stock", "prices"] });
  await (await initAuthority(strangers, "shop")).issue({ name: "store" });
});
after(() => {
  for (const transport of transports) transport.close();
  rmSync(folder, { recursive: true });
  rmSync(strangers, { recursive: true });
});

async function tls(name: string, from = folder): Promise<TlsTransport> {
  const transport = await createTlsTransport(filesOf(from, name));
  transports.push(transport);
  return transport;
}

const identity = (name: string) => ({ mesh: "shop", nodeId: `${name}-1`, name, incarnation: 1 });
const ref = { service: "test", operation: "who", contractHash: "" };

async function listen(transport: Transport, name = "products") {
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity: identity(name),
    transport,
    onRequest: (request) => request.respond(JSON.stringify(request.peer.names)),
  });
  return { server, address: await server.listen() };
}

async function namesSeen(client: Client): Promise<string[]> {
  await client.connect();
  const outcome = await client.call(ref, { deadlineMs: 2_000 }, "").outcome;
  assert.ok(outcome.ok);
  return JSON.parse(Buffer.from(outcome.response.body).toString());
}

test("each side knows the names that the other has proved, also of a process with several services", async () => {
  const { server, address } = await listen(await tls("products"));
  for (const [name, expected] of [
    ["store", ["store"]],
    ["core", ["core", "stock", "prices"]],
  ] as const) {
    const client = new Client({
      address,
      identity: identity(name),
      transport: await tls(name),
      expectName: "products",
    });
    assert.deepEqual(await namesSeen(client), expected);
    client.destroy();
  }
  await server.close();
});

test("a name that the certificate does not hold is refused, on either side", async () => {
  const { server, address } = await listen(await tls("products"));
  const impostor = new Client({
    address,
    identity: identity("store"),
    transport: await tls("reviews"),
  });
  await assert.rejects(impostor.connect(), {
    code: "UNAUTHENTICATED",
    message: /calls itself "store".*its certificate is for reviews/,
  });
  const misled = new Client({
    address,
    identity: identity("store"),
    transport: await tls("store"),
    expectName: "payments",
  });
  await assert.rejects(misled.connect(), {
    code: "UNAUTHENTICATED",
    message: /calls itself "products", "payments" was expected/,
  });
  await server.close();
});

test("another authority's certificate, none at all, and plain bytes are refused; others are served on", async () => {
  const { server, address } = await listen(await tls("products"));
  const stranger = new Client({
    address,
    identity: identity("store"),
    transport: await tls("store", strangers),
  });
  await assert.rejects(stranger.connect(), { code: "UNAVAILABLE" });
  const plain = new Client({ address, identity: identity("store"), connectTimeoutMs: 1_000 });
  await assert.rejects(plain.connect(), { code: "UNAVAILABLE" });
  const client = new Client({
    address,
    identity: identity("store"),
    transport: await tls("store"),
  });
  assert.deepEqual(await namesSeen(client), ["store"]);
  client.destroy();
  await server.close();
});

test("files that are missing, broken, expired or of another authority are told by name with the remedy", async () => {
  await assert.rejects(tls("nobody"), { message: /nobody\.pem cannot be read .*dure certs/ });
  const authority = await openAuthority(folder);
  await authority.issue({ name: "old", days: -1 });
  await assert.rejects(tls("old"), { message: /old\.pem expired on .*dure certs renew/ });
  writeFileSync(filesOf(folder, "broken").cert, "not a certificate");
  writeFileSync(filesOf(folder, "broken").key, "not a key");
  await assert.rejects(tls("broken"), { message: /broken\.pem is not a certificate in PEM form/ });
  await authority.issue({ name: "mixed" });
  writeFileSync(filesOf(folder, "mixed").key, readFileSync(filesOf(folder, "store").key));
  await assert.rejects(tls("mixed"), { message: /mixed-key\.pem is not the key of .*mixed\.pem/ });
  await assert.rejects(
    createTlsTransport({ ...filesOf(folder, "store"), ca: filesOf(strangers, "store").ca }),
    { message: /store\.pem was not signed by the authority in/ },
  );
});

test("a renewed certificate is used by new links within seconds, and the open ones live on", async () => {
  const authority = await openAuthority(folder);
  await authority.issue({ name: "young" });
  const { server, address } = await listen(await tls("young"), "young");
  const early = new Client({ address, identity: identity("store"), transport: await tls("store") });
  await namesSeen(early);
  await authority.issue({ name: "young", services: ["younger"] });
  await until("new links see the new certificate", async () => {
    const late = new Client({
      address,
      identity: identity("store"),
      transport: await tls("store"),
      expectName: "young",
    });
    await namesSeen(late);
    late.destroy();
    return transports.some(({ names }) => names.includes("younger"));
  });
  assert.deepEqual(await namesSeen(early), ["store"]);
  early.destroy();
  await server.close();
});

test("beyond loopback certificates are enough, a token is not needed", async () => {
  const server = new Server({
    host: "0.0.0.0",
    port: 0,
    identity: identity("products"),
    transport: await tls("products"),
    onRequest: () => {},
  });
  await server.listen();
  await server.close();
});

test("a listener closes though somebody is in the middle of a handshake with it", async () => {
  const { server, address } = await listen(await tls("products"));
  const client = new Client({
    address,
    identity: identity("store"),
    transport: await tls("store"),
  });
  const connecting = client.connect().catch(() => "refused");
  // One that comes later is there, so the first one has been accepted, and is at its handshake.
  const later = connect(address.port, address.host);
  later.on("error", () => {});
  await once(later, "connect");
  await server.close();
  assert.equal(await connecting, "refused");
  client.destroy();
});
