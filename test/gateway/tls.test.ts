import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import { type Authority, filesOf, initAuthority } from "../../src/certs/index.ts";
import {
  type CertificatePaths,
  loadEdgeCertificates,
} from "../../src/gateway/edge-certificates.ts";
import { type Logger, silentLogger } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";
import { echo, RawClient, startEngine, statuses } from "./http1/support/engine.ts";

let folder = "";
let authority: Authority;
let ca = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "dure-edge-"));
  authority = await initAuthority(folder, "shop");
  ca = readFileSync(join(folder, "ca.pem"), "utf8");
  await authority.issue({ name: "shop", hosts: ["shop.example", "localhost"] });
  await authority.issue({ name: "api", hosts: ["*.api.example"] });
});
after(() => rmSync(folder, { recursive: true }));

async function startTls(t: TestContext, names: string[], limits: object = {}) {
  const certificates = await loadEdgeCertificates(
    names.map((name) => filesOf(folder, name)),
    silentLogger,
  );
  return startEngine(t, echo, { ...limits, certificates });
}

/** A handshake, and the certificate that was shown in it. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tlsConnect({
    port,
    host: "127.0.0.1",
    ca,
    servername: "shop.example",
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}
const namesOn = (socket: TLSSocket) => socket.getPeerX509Certificate()?.subjectAltName ?? "";
const serialOn = (socket: TLSSocket) => socket.getPeerX509Certificate()?.serialNumber ?? "";

test("requests over TLS are answered as without, on connections that are kept", async (t) => {
  const { port } = await startTls(t, ["shop"]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, servername: "shop.example" });
  t.after(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (const body of ["a", "b".repeat(300_000), "c"]) {
    const sent = request({ port, host: "127.0.0.1", agent, method: "POST", path: "/x?y=1" });
    sent.end(body);
    const [response] = await once(sent, "response");
    let text = "";
    for await (const piece of response.setEncoding("latin1")) text += piece;
    assert.equal(text, `POST /x?y=1 ${body};`);
    ports.add(sent.socket?.localPort);
  }
  assert.equal(ports.size, 1);
});

test("hostile requests are refused and the connection closed, over TLS too", async (t) => {
  const { port } = await startTls(t, ["shop"]);
  for (const bytes of [
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
  ]) {
    const socket = await handshake(port);
    socket.write(`${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    let answer = "";
    for await (const piece of socket.setEncoding("latin1")) answer += piece;
    assert.deepEqual(statuses(answer), [400]);
  }
});

test("a client gets the certificate for the name that it asks for, or the first", async (t) => {
  const { port } = await startTls(t, ["shop", "api"]);
  for (const [servername, names] of [
    ["shop.example", /DNS:shop\.example/],
    ["v1.api.example", /DNS:\*\.api\.example/],
    ["V1.API.EXAMPLE", /DNS:\*\.api\.example/],
    ["other.example", /DNS:shop\.example/],
    ["", /DNS:shop\.example/],
  ] as const) {
    const socket = await handshake(port, { servername, checkServerIdentity: () => undefined });
    assert.match(namesOn(socket), names, servername);
    socket.destroy();
  }
});

test("changed files are used for new connections, without a restart; broken ones are told and not used", async (t) => {
  const paths: CertificatePaths = {
    cert: join(folder, "used.pem"),
    key: join(folder, "used-key.pem"),
  };
  const put = async (name: string) => {
    await authority.issue({ name, hosts: ["shop.example"] });
    const from = filesOf(folder, name);
    copyFileSync(from.key, paths.key);
    copyFileSync(from.cert, paths.cert);
  };
  await put("first");
  let complaints = 0;
  const logger: Logger = { ...silentLogger, error: () => (complaints += 1) };
  const certificates = await loadEdgeCertificates([paths], logger);
  const { port } = await startEngine(t, echo, { certificates });
  const old = await handshake(port);
  const oldSerial = serialOn(old);

  writeFileSync(paths.cert, "nonsense");
  await until("the broken file is told", () => complaints === 1);
  const between = await handshake(port);
  assert.equal(serialOn(between), oldSerial);
  between.destroy();

  await put("second");
  for (const servername of ["shop.example", ""]) {
    await until(`a new certificate is shown to "${servername}"`, async () => {
      const socket = await handshake(port, { servername, checkServerIdentity: () => undefined });
      socket.destroy();
      return serialOn(socket) !== oldSerial;
    });
  }
  old.write("GET /still HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
  let answer = "";
  for await (const piece of old.setEncoding("latin1")) answer += piece;
  assert.match(answer, /GET \/still ;$/);
});

test("a handshake that stalls is cut off; plain HTTP, old versions and other protocols find nobody", async (t) => {
  const engine = await startTls(t, ["shop"], { headMsMax: 200 });
  const { port } = engine;
  const silent = new RawClient(engine);
  const half = new RawClient(engine).send("\x16\x03\x01\x02\x00\x01");
  assert.equal(await silent.untilClosed(), "");
  await half.untilClosed();
  const plain = await new RawClient(engine).send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").untilClosed();
  assert.deepEqual(statuses(plain), []);
  await assert.rejects(handshake(port, { maxVersion: "TLSv1.1", minVersion: "TLSv1" }));
  await assert.rejects(handshake(port, { ALPNProtocols: ["ftp"] }));
});

test("closing does not wait for handshakes", async () => {
  const certificates = await loadEdgeCertificates([filesOf(folder, "shop")], silentLogger);
  const context = { after() {} } as unknown as TestContext;
  const engine = await startEngine(context, echo, { certificates });
  const socket = connect(engine.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const socketClosed = once(socket, "close");
  await engine.close(50);
  socket.resume();
  await socketClosed;
});

test("files that cannot be used are named at the start", async () => {
  await authority.issue({ name: "late", hosts: ["shop.example"], days: -1 });
  const shop = filesOf(folder, "shop");
  for (const [paths, message] of [
    [{ ...shop, cert: join(folder, "none.pem") }, /none\.pem cannot be read/],
    [{ ...shop, cert: shop.key }, /shop-key\.pem is not a certificate in PEM form/],
    [{ ...shop, key: filesOf(folder, "api").key }, /api-key\.pem is not the key of .*shop\.pem/],
    [filesOf(folder, "late"), /late\.pem expired on/],
  ] as const) {
    await assert.rejects(loadEdgeCertificates([paths], silentLogger), {
      code: "FAILED_PRECONDITION",
      message,
    });
  }
});
