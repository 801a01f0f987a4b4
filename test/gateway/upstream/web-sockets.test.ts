import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { GatewayOptions } from "../../../src/gateway/index.ts";
import { rawHttp } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";
import { startGateway, startLiar } from "./support.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const ask = `GET /ws HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n`;
const open = { path: "/*", auth: "public" } as const;

/** A server that answers what it is told, and its sockets. */
async function startEcho(t: TestContext) {
  const server = createServer((_request, response) => response.end("plain"));
  const sockets: WebSocket[] = [];
  const asked: Record<string, unknown>[] = [];
  const webSockets = new WebSocketServer({
    server,
    perMessageDeflate: true,
    handleProtocols: (protocols) => [...protocols].at(-1) ?? false,
  });
  webSockets.on("connection", (socket, request) => {
    sockets.push(socket);
    asked.push({ url: request.url, ...request.headers });
    socket.on("error", () => {});
    socket.on("message", (data: RawData, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.terminate();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, sockets, asked };
}

async function openSocket(port: number, ...rest: (string[] | object)[]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?a=b`, ...(rest as [string[], object]));
  await once(socket, "open");
  return socket;
}

test("messages pass both ways, whatever is in them, with what the two agreed on", async (t) => {
  const echo = await startEcho(t);
  const gateway = await startGateway(t, [{ ...open, upstream: echo.url }]);
  const socket = await openSocket(gateway.port, ["one", "two"], {
    headers: { "x-forwarded-for": "6.6.6.6" },
  });
  assert.equal(socket.protocol, "two");
  assert.match(socket.extensions, /permessage-deflate/);
  const large = Buffer.alloc(3_000_000, "0123456789");
  for (const sent of ["hello", large]) {
    const answered = once(socket, "message");
    socket.send(sent);
    const [data, isBinary] = (await answered) as [Buffer, boolean];
    assert.equal(isBinary, typeof sent !== "string");
    assert.ok(data.equals(Buffer.from(sent)));
  }
  const [seen = {}] = echo.asked;
  assert.deepEqual([seen.url, seen["x-forwarded-for"]], ["/ws?a=b", "127.0.0.1"]);
  const closed = once(socket, "close");
  echo.sockets[0]?.close(4_001, "enough");
  const [code, reason] = await closed;
  assert.deepEqual([code, String(reason)], [4_001, "enough"]);
});

test("a side that leaves takes the other one with it", async (t) => {
  const echo = await startEcho(t);
  const gateway = await startGateway(t, [{ ...open, upstream: echo.url }]);
  const client = await openSocket(gateway.port);
  const upstreamClosed = once(echo.sockets[0] as WebSocket, "close");
  client.close(4_000, "bye");
  assert.equal((await upstreamClosed)[0], 4_000);
  const torn = await openSocket(gateway.port);
  const gone = once(echo.sockets[1] as WebSocket, "close");
  torn.terminate();
  assert.equal((await gone)[0], 1006);
  const left = await openSocket(gateway.port);
  const lost = once(left, "close");
  echo.sockets[2]?.terminate();
  assert.equal((await lost)[0], 1006);
});

test("a WebSocket that is idle ends, and so do those of a gateway that closes", async (t) => {
  const echo = await startEcho(t);
  const route = { ...open, upstream: echo.url };
  const idle = await startGateway(t, [{ ...route, idleMs: 40 }]);
  const quiet = await openSocket(idle.port);
  await once(quiet, "close");
  const closing = await startGateway(t, [route]);
  const socket = await openSocket(closing.port);
  const closed = once(socket, "close");
  await closing.close();
  assert.equal((await closed)[0], 1001);
  // Its server saw it leave, too.
  await until("the server knows", () => echo.sockets.every(({ readyState }) => readyState === 3));
});

test("a gateway that closes says so between two frames: the one that has begun comes whole, the next one not", async (t) => {
  const text = "x".repeat(1_000);
  const head = Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]);
  const frame = Buffer.concat([head, Buffer.from(text)]);
  const served = Promise.withResolvers<Socket>();
  const liar = await startLiar(t, (socket: Socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.write(Buffer.concat([frame, frame.subarray(0, 500)]));
    served.resolve(socket);
  });
  const gateway = await startGateway(t, [{ ...open, upstream: liar.url }]);
  const client = connect(gateway.port, "127.0.0.1");
  const got: Buffer[] = [];
  client.on("data", (bytes) => got.push(bytes));
  client.write(`${ask}\r\n`);
  const bytes = () => Buffer.concat(got);
  const framesIn = () => bytes().subarray(bytes().indexOf("\r\n\r\n") + 4);
  await until("one and a half are there", () => framesIn().length === frame.length + 500);
  const closing = gateway.close();
  const server = await served.promise;
  server.write(Buffer.concat([frame.subarray(500), frame]));
  const goingAway = Buffer.from([0x88, 2, 0x03, 0xe9]);
  const expected = Buffer.concat([frame, frame, goingAway]);
  await until("the farewell is there", () => framesIn().length >= expected.length);
  assert.deepEqual(framesIn(), expected);
  client.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]));
  server.end();
  await closing;
});

test("a gateway does not wait for ever for who says nothing to its farewell", async (t) => {
  const liar = await startLiar(t, (socket: Socket) =>
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    ),
  );
  const gateway = await startGateway(t, [{ ...open, upstream: liar.url }]);
  const client = connect({ port: gateway.port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => {});
  client.write(`${ask}\r\n`);
  await once(client, "data");
  await gateway.close();
  client.destroy();
});

test("who does not read holds the other side back, and gets everything in the end", async (t) => {
  const pieces = 2_000;
  const piece = Buffer.alloc(32_768, "x");
  let written = 0;
  const liar = await startLiar(t, async (socket: Socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    for (written = 0; written < pieces; written += 1)
      if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
    socket.end();
  });
  const gateway = await startGateway(t, [{ ...open, upstream: liar.url }]);
  const client = connect(gateway.port, "127.0.0.1");
  client.write(`${ask}\r\n`);
  await once(client, "data");
  client.pause();
  await until(
    "the server is held back",
    async () => {
      const before = written;
      // Who does nothing while so many requests of others are answered is held back.
      for (let turn = 0; turn < 50; turn += 1) await fetch(`${gateway.url}/healthz`);
      return written === before;
    },
    30_000,
  );
  assert.ok(written < pieces, `${written} of ${pieces} pieces went off`);
  const ended = once(client, "end");
  client.resume();
  await ended;
  assert.equal(written, pieces);
  assert.ok(client.bytesRead >= pieces * piece.length);
});

/** The fields of a right answer; a wrong one has one of them changed. */
const right = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Accept": accept,
};
const wrong: Record<string, Record<string, string | undefined>> = {
  "another protocol": { Upgrade: "h2c" },
  "no protocol": { Upgrade: undefined },
  "no connection: upgrade": { Connection: "keep-alive" },
  "no answer to the key": { "Sec-WebSocket-Accept": undefined },
  "an answer to another key": {
    "Sec-WebSocket-Accept": createHash("sha1").update("x").digest("base64"),
  },
  "a protocol that nobody asked for": { "Sec-WebSocket-Protocol": "chat" },
  "an extension that nobody asked for": { "Sec-WebSocket-Extensions": "permessage-deflate" },
  "a length": { "Content-Length": "5" },
  "an encoding": { "Transfer-Encoding": "chunked" },
};

for (const [what, change] of Object.entries(wrong)) {
  test(`a 101 with ${what} is 502, and nothing of what follows reaches the client`, async (t) => {
    const fields = Object.entries({ ...right, ...change });
    const said = fields.map(([name, value]) =>
      value === undefined ? "" : `${name}: ${value}\r\n`,
    );
    const liar = await startLiar(t, (socket) =>
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${said.join("")}\r\nsecret`),
    );
    const gateway = await startGateway(t, [{ ...open, upstream: liar.url }]);
    const answer = await rawHttp(gateway.port, `${ask}\r\n`, /"requestId"[^}]*\}/);
    assert.match(answer, /^HTTP\/1\.1 502 /);
    assert.doesNotMatch(answer, /secret/);
  });
}

test("an answer other than 101 is the answer, and the connection goes on in HTTP", async (t) => {
  const liar = await startLiar(t, (socket) =>
    socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"),
  );
  const gateway = await startGateway(t, [{ ...open, upstream: liar.url }]);
  const twice = `${ask}\r\nGET /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`;
  const answer = await rawHttp(gateway.port, twice);
  assert.equal(answer.match(/HTTP\/1\.1 403 Forbidden/g)?.length, 2);
  assert.match(liar.heads[0] ?? "", /\r\nconnection: Upgrade\r\nupgrade: websocket/);
  assert.doesNotMatch(liar.heads[1] ?? "", /upgrade/i);
});

test("origin, credentials and limits are looked at before the server hears of anything", async (t) => {
  const echo = await startEcho(t);
  const options: Partial<GatewayOptions> = {
    cors: { origins: ["https://shop.example"] },
    rateLimits: [{ name: "few", by: "route", requests: 1, perS: 600, operations: ["/limited"] }],
  };
  const gateway = await startGateway(
    t,
    [
      { path: "/closed", upstream: echo.url },
      { path: "/limited", upstream: echo.url, auth: "public" },
      { path: "/ws", upstream: echo.url, auth: "public", sticky: { cookie: "version" } },
    ],
    options,
  );
  const said = (head: string, path = "/ws") =>
    rawHttp(gateway.port, `${ask.replace("/ws", path)}${head}\r\n`, /\r\n\r\n/);
  assert.match(await said("origin: https://evil.example\r\n"), /^HTTP\/1\.1 403 /);
  assert.match(await said("", "/closed"), /^HTTP\/1\.1 401 /);
  assert.match(await said("content-length: 2\r\n"), /^HTTP\/1\.1 /);
  assert.equal(echo.sockets.length, 0);
  const shop = await said("origin: https://shop.example\r\n");
  assert.match(shop, /^HTTP\/1\.1 101 Switching Protocols\r\nconnection: Upgrade\r\n/);
  assert.match(shop, /\r\nset-cookie: version=\w+/);
  assert.match(shop, /\r\nx-request-id: /);
  assert.match(await said("", "/limited"), /^HTTP\/1\.1 101 [\s\S]*\r\nRateLimit: /i);
  assert.match(await said("", "/limited"), /^HTTP\/1\.1 429 /);
});

test("many open WebSockets keep nobody else from the server", async (t) => {
  const echo = await startEcho(t);
  const gateway = await startGateway(t, [{ ...open, upstream: echo.url }]);
  // More than there are connections for ordinary requests.
  const sockets = await Promise.all(Array.from({ length: 270 }, () => openSocket(gateway.port)));
  assert.equal(await (await fetch(`${gateway.url}/x`)).text(), "plain");
  for (const socket of sockets) socket.terminate();
});

test("a WebSocket is one of the connections that a gateway may have", async (t) => {
  const echo = await startEcho(t);
  const options = { limits: { connectionsMax: 2 } };
  const gateway = await startGateway(t, [{ ...open, upstream: echo.url }], options);
  const sockets = [await openSocket(gateway.port), await openSocket(gateway.port)];
  await assert.rejects(fetch(`${gateway.url}/x`));
  for (const socket of sockets) socket.terminate();
  const isOpen = () =>
    fetch(`${gateway.url}/x`).then(
      () => true,
      () => false,
    );
  await until("there is room again", isOpen, 30_000);
});
