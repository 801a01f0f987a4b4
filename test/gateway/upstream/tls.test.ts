import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { type Authority, filesOf, initAuthority } from "../../../src/certs/index.ts";
import type { RouteOptions } from "../../../src/gateway/index.ts";
import type { Logger } from "../../../src/telemetry/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { until } from "../../support/until.ts";
import { startGateway } from "./support.ts";

let folder = "";
let authority: Authority;
let ca = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "dure-upstream-"));
  authority = await initAuthority(folder, "shop");
  ca = join(folder, "ca.pem");
  await authority.issue({ name: "shop", hosts: ["shop.example"] });
  await authority.issue({ name: "old", days: -1 / 1_440 });
});
after(() => rmSync(folder, { recursive: true }));

/** An HTTPS server with the certificate of a name; it tells what its clients showed, and how many connections there were. */
async function startSecure(t: TestContext, name: string, asksForCertificate = false) {
  const files = filesOf(folder, name);
  const seen = { connections: 0, subjects: [] as (string | undefined)[], names: [] as unknown[] };
  const server = createServer(
    {
      cert: readFileSync(files.cert),
      key: readFileSync(files.key),
      ca: readFileSync(ca),
      requestCert: asksForCertificate,
      rejectUnauthorized: asksForCertificate,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      seen.subjects.push(socket.getPeerX509Certificate()?.subject);
      seen.names.push((socket as { servername?: unknown }).servername);
      request.pipe(response);
    },
  );
  server.on("secureConnection", () => {
    seen.connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, seen, port: (server.address() as AddressInfo).port };
}

/** A gateway with one route, and what it says in its log. */
async function startRoute(t: TestContext, route: Pick<RouteOptions, "upstream" | "tls">) {
  const reasons: string[] = [];
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_message, facts) => reasons.push(String(facts?.reason)),
    error: (message) => errors.push(message),
  };
  const gateway = await startGateway(t, [{ path: "/*", auth: "public" as const, ...route }], {
    logger,
  });
  return { gateway, reasons, errors };
}

test("an HTTPS server is reached over kept connections, WebSocket included", async (t) => {
  const { server, seen, port } = await startSecure(t, "shop");
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => socket.send("hello"));
  const upstream = `https://localhost:${port}`;
  const { gateway } = await startRoute(t, { upstream, tls: { ca } });
  const body = "x".repeat(300_000);
  for (let count = 0; count < 5; count += 1) {
    const answer = await fetch(gateway.url, { method: "POST", body });
    assert.equal(await answer.text(), body);
  }
  assert.equal(seen.connections, 1);
  assert.equal(seen.names[0], "localhost");
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/x`);
  const [message] = await new Promise<unknown[]>((resolve) =>
    socket.once("message", (...all: unknown[]) => resolve(all)),
  );
  assert.equal(String(message), "hello");
  socket.terminate();
});

test("a server may be asked for under another name than its address", async (t) => {
  const { seen, port } = await startSecure(t, "shop");
  const upstream = `https://127.0.0.1:${port}`;
  const { gateway } = await startRoute(t, { upstream, tls: { ca, serverName: "shop.example" } });
  assert.equal((await fetch(gateway.url)).status, 200);
  assert.equal(seen.names[0], "shop.example");
});

test("who cannot prove who it is gets nothing: the client is told 502, the log why", async (t) => {
  const { seen, port } = await startSecure(t, "shop");
  const old = await startSecure(t, "old");
  const upstream = `https://127.0.0.1:${port}`;
  for (const [route, reason] of [
    [{ upstream }, /authority .* is not known here; name it in tls\.ca/],
    [
      { upstream, tls: { ca, serverName: "other.example" } },
      /for another name; say which one in tls\.serverName .*other\.example/,
    ],
    [{ upstream: `https://localhost:${old.port}`, tls: { ca } }, /certificate has expired/],
  ] as const) {
    const { gateway, reasons } = await startRoute(t, route);
    const answer = await fetch(gateway.url, { method: "POST", body: "secret" });
    assert.equal(answer.status, 502);
    assert.doesNotMatch(await answer.text(), /certificate|authority/);
    assert.match(reasons.join(), reason);
  }
  assert.equal(seen.subjects.length + old.seen.subjects.length, 0);
});

test("a server that asks for a certificate gets the route's; without one there is no answer", async (t) => {
  const { seen, port } = await startSecure(t, "shop", true);
  const upstream = `https://localhost:${port}`;
  const { cert, key } = filesOf(folder, "shop");
  const proven = await startRoute(t, { upstream, tls: { ca, cert, key } });
  assert.equal((await fetch(proven.gateway.url)).status, 200);
  assert.deepEqual(seen.subjects, ["CN=shop"]);
  const bare = await startRoute(t, { upstream, tls: { ca } });
  assert.equal((await fetch(bare.gateway.url, { method: "POST" })).status, 502);
});

test("changed files are used for new connections, without a restart; broken ones are told and not used", async (t) => {
  const trusted = join(folder, "trusted.pem");
  const used = { cert: join(folder, "used.pem"), key: join(folder, "used-key.pem") };
  const put = async (name: string) => {
    await authority.issue({ name, hosts: ["shop.example"] });
    copyFileSync(filesOf(folder, name).key, used.key);
    copyFileSync(filesOf(folder, name).cert, used.cert);
  };
  await put("first");
  // Another authority's, which has signed nobody here.
  const elsewhere = join(folder, "elsewhere");
  await initAuthority(elsewhere, "other");
  copyFileSync(join(elsewhere, "ca.pem"), trusted);
  const { server, seen, port } = await startSecure(t, "shop", true);
  const upstream = `https://localhost:${port}`;
  const { gateway, errors } = await startRoute(t, { upstream, tls: { ca: trusted, ...used } });
  const statusNow = async () => (await fetch(gateway.url, { method: "POST" })).status;
  assert.equal(await statusNow(), 502);

  copyFileSync(ca, trusted);
  await until("the new authority is trusted", async () => (await statusNow()) === 200);
  assert.equal(seen.subjects.at(-1), "CN=first");

  writeFileSync(used.cert, "nonsense");
  await until("the broken file is told", () => errors.length > 0);
  server.closeAllConnections();
  await until("the old one goes on", async () => (await statusNow()) === 200);
  assert.equal(seen.subjects.at(-1), "CN=first");

  await put("second");
  await until("the new certificate is shown", async () => {
    server.closeAllConnections();
    return (await statusNow()) === 200 && seen.subjects.at(-1) === "CN=second";
  });
});

test("files that cannot be used are told at the start", async (t) => {
  const upstream = "https://localhost:1";
  const missing = join(folder, "nowhere.pem");
  await assert.rejects(
    startRoute(t, { upstream, tls: { ca: missing } }),
    /nowhere\.pem cannot be read/,
  );
  const { cert } = filesOf(folder, "shop");
  await assert.rejects(
    startRoute(t, { upstream, tls: { cert, key: filesOf(folder, "old").key } }),
    /old-key\.pem cannot be used for TLS/,
  );
});
