import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { type TestContext, test } from "node:test";
import { wholeAnswer } from "../../bench/harness/http-connection.ts";
import { closedLoopRate, type HttpTarget, sendSteadily } from "../../bench/harness/http-load.ts";
import { repeatedIn } from "../../bench/uptime/uptime.ts";
import { until } from "../support/until.ts";

const request = { kind: "read", bytes: "GET / HTTP/1.1\r\nhost: test\r\n\r\n" };

async function serve(context: TestContext, listener: RequestListener): Promise<HttpTarget> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { host: "127.0.0.1", port, connections: 2, request: () => request };
}

/** Sends until the server has seen so many. */
async function sendUntil(target: HttpTarget, hasSeen: () => boolean) {
  const stopping = new AbortController();
  const report = sendSteadily({ ...target, perSecond: 100, signal: stopping.signal });
  await until("enough was sent", hasSeen);
  stopping.abort();
  return report;
}

test("requests go out at their rate, and what is no 2xx or is cut off has failed, with its reason", async (context) => {
  let seen = 0;
  const target = await serve(context, (_request, response) => {
    seen += 1;
    if (seen % 10 === 2) response.statusCode = 503;
    if (seen % 10 === 1) response.destroy();
    else response.end(`answer ${seen}`);
  });
  const { all, tallies, reasons } = await sendUntil(target, () => seen >= 100);
  assert.equal(all.requests, seen);
  assert.deepEqual(tallies.read, all);
  assert.equal(all.failed, Math.ceil(seen / 10) + Math.ceil((seen - 1) / 10));
  assert.equal(reasons["503 answer N"], Math.ceil((seen - 1) / 10));
  // Whether the end of a connection or its reset is seen first is the system's choice.
  const cut = Object.entries(reasons).filter(([why]) => why.startsWith("connection "));
  assert.equal(
    cut.reduce((sum, [, times]) => sum + times, 0),
    Math.ceil(seen / 10),
  );
});

test("a connection that the server announces to close is not used again", async (context) => {
  const used = new Map<unknown, number>();
  const target = await serve(context, ({ socket }, response) => {
    used.set(socket, (used.get(socket) ?? 0) + 1);
    response.setHeader("connection", "close").end("last");
  });
  const { all } = await sendUntil(target, () => used.size >= 20);
  assert.equal(all.failed, 0);
  assert.ok([...used.values()].every((times) => times === 1));
});

test("a server that nobody listens for fails every request", async () => {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  let sent = 0;
  const target = {
    host: "127.0.0.1",
    port,
    connections: 1,
    request() {
      sent += 1;
      return request;
    },
  };
  const { all, reasons } = await sendUntil(target, () => sent >= 10);
  assert.equal(all.failed, all.requests);
  assert.ok(all.requests >= 10);
  assert.deepEqual(Object.keys(reasons), ["connection ECONNREFUSED"]);
});

test("capacity is what is answered with every connection busy", async (context) => {
  let seen = 0;
  const target = await serve(context, (_request, response) => {
    seen += 1;
    response.end();
  });
  const perSecond = await closedLoopRate(target, 200);
  assert.ok(perSecond > 0 && seen > 0);
});

test("answers are read whole, by length or in chunks", () => {
  const sized = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 404");
  assert.deepEqual(wholeAnswer(sized), { status: 200, body: "hello", length: 43, isLast: false });
  const chunked = Buffer.from(
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
  );
  const whole = { status: 201, body: "hello!", length: chunked.length, isLast: true };
  assert.deepEqual(wholeAnswer(chunked), whole);
  for (let length = 0; length < chunked.length; length += 1)
    assert.equal(wholeAnswer(chunked.subarray(0, length)), undefined);
});

test("what a service began twice for one request is found, reads and writes apart", () => {
  const lines = ["place w5", "take w5", "look r6", "place w10", "place w5", "take w5", "look r6"];
  assert.deepEqual(repeatedIn(lines), { writes: 1, reads: 1 });
});
