import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { rawHttp } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";
import { startGateway, startLiar } from "./support.ts";

const ask = "GET /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\n";

/** What an upstream says, all at once, that must become 502. */
const lies: Record<string, string> = {
  "two lengths": `${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nhi`,
  "a length twice": `${ok}content-length: 2\r\ncontent-length: 2\r\n\r\nhi`,
  "a list of lengths": `${ok}content-length: 2, 2\r\n\r\nhi`,
  "a signed length": `${ok}content-length: +2\r\n\r\nhi`,
  "a length in hexadecimal": `${ok}content-length: 0x2\r\n\r\nhi`,
  "a length and chunks": `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  "an encoding nobody knows": `${ok}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  "chunks in HTTP/1.0": "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "more than its length": `${ok}content-length: 2\r\n\r\nhi there`,
  "two answers": `${ok}content-length: 2\r\n\r\nhi${ok}content-length: 4\r\n\r\nevil`,
  "a body behind 204": "HTTP/1.1 204 No Content\r\n\r\nhello",
  "a body behind 304": "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nhello",
  "a 101 that nobody asked for": "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
  "a space before the colon": `${ok}content-length : 2\r\n\r\nhi`,
  "a folded field": `${ok}x: 1\r\n 2\r\ncontent-length: 2\r\n\r\nhi`,
  "a bare CR in a field": `${ok}x: 1\r2\r\ncontent-length: 2\r\n\r\nhi`,
  "a bare LF in a field": `${ok}x: 1\ncontent-length: 9\r\ncontent-length: 2\r\n\r\nhi`,
  "a NUL in a field": `${ok}x: \0\r\ncontent-length: 2\r\n\r\nhi`,
  "no HTTP": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
  "HTTP/2": "HTTP/2 200 OK\r\ncontent-length: 2\r\n\r\nhi",
  "a status of two digits": "HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nhi",
  "fields without end": `${ok}${"x: 1\r\n".repeat(300)}content-length: 2\r\n\r\nhi`,
  "a head without end": `${ok}x: ${"1".repeat(40_000)}`,
  "interim answers without end": "HTTP/1.1 102 Processing\r\n\r\n".repeat(50),
  "a bad chunk": `${ok}transfer-encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n`,
  "a chunk longer than its size": `${ok}transfer-encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n`,
};

test("an upstream that says what HTTP does not allow is 502", async (t) => {
  const names = Object.keys(lies);
  const liar = await startLiar(t, (socket, head) => {
    const number = Number(/^POST \/(\d+) /.exec(head)?.[1]);
    socket.write(lies[names[number] as string] as string, "latin1");
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: liar.url, auth: "public" }]);
  for (const [number, name] of names.entries()) {
    // Not idempotent: what is asked is asked once.
    const request = `POST /${number} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`;
    const answer = await rawHttp(gateway.port, request);
    assert.match(answer, /^HTTP\/1.1 502 /, name);
    assert.doesNotMatch(answer, /evil|there/, name);
  }
  assert.equal(liar.heads.length, names.length);
});

/** What an upstream does once the head and a part of the body went over: the client's answer must not look complete. */
const breaks: Record<string, [head: string, then: (socket: Socket) => void]> = {
  "a reset within the body": ["content-length: 10", (socket) => socket.resetAndDestroy()],
  "an orderly end within the body": ["content-length: 10", (socket) => socket.end()],
  "a reset between chunks": ["transfer-encoding: chunked", (socket) => socket.resetAndDestroy()],
  "an end without the last chunk": ["transfer-encoding: chunked", (socket) => socket.end()],
  "a bad chunk later": ["transfer-encoding: chunked", (socket) => socket.write("oops\r\n")],
  "a reset of a body that ends with the connection": [
    "connection: close",
    (socket) => socket.resetAndDestroy(),
  ],
};

test("an answer that breaks off breaks the client's off too, and the log says why", async (t) => {
  for (const [name, [head, then]] of Object.entries(breaks)) {
    let origin: Socket | undefined;
    const liar = await startLiar(t, (socket) => {
      origin = socket;
      const first = head.startsWith("transfer") ? "3\r\nabc\r\n" : "abc";
      socket.write(`${ok}${head}\r\n\r\n${first}`);
    });
    const told: unknown[] = [];
    const logger = { ...silentLogger, error: (_: string, facts = {}) => void told.push(facts) };
    const routes = [{ path: "/*", upstream: liar.url, auth: "public" } as const];
    const gateway = await startGateway(t, routes, { logger });
    let received = "";
    const client = rawHttp(gateway.port, ask, {
      test(text: string) {
        received = text;
        // Once the client has the first part, the upstream goes on with the second one.
        if (text.includes("abc") && origin) {
          then(origin);
          origin = undefined;
        }
        return false;
      },
    } as RegExp);
    await client.catch(() => "reset");
    assert.match(received, /^HTTP\/1.1 200 /, name);
    const [headText = "", body = ""] = received.split("\r\n\r\n", 2);
    const isComplete = /transfer-encoding: chunked/.test(headText)
      ? received.endsWith("0\r\n\r\n")
      : body.length === Number(/content-length: (\d+)/.exec(headText)?.[1]);
    assert.ok(!isComplete, `${name}: ${received}`);
    await until(`${name} is told`, () => told.length === 1);
  }
});

test("bytes that nobody asked for are not the answer to the next request", async (t) => {
  const liar = await startLiar(t, (socket, _head, connection) => {
    socket.write(`${ok}content-length: 5\r\n\r\nhello`, () => {
      // Behind the answer, when the gateway has let go of it.
      if (connection === 1) setImmediate(() => socket.write(`${ok}content-length: 4\r\n\r\nevil`));
    });
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: liar.url, auth: "public" }]);
  for (let count = 0; count < 20; count += 1) {
    const answer = await rawHttp(gateway.port, ask);
    assert.match(answer, /^HTTP\/1.1 (200|502) /);
    assert.doesNotMatch(answer, /evil/);
  }
});

test("interim answers are dropped, the final one goes over", async (t) => {
  const liar = await startLiar(t, (socket) => {
    socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x.css>\r\n\r\n");
    socket.write(`${ok}content-length: 2\r\n\r\nhi`);
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: liar.url, auth: "public" }]);
  const answer = await rawHttp(gateway.port, ask);
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(answer, /\r\n\r\nhi$/);
});

test("an answer may come in any pieces", async (t) => {
  const whole = `${ok}transfer-encoding: chunked\r\nx-a: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
  const liar = await startLiar(t, async (socket) => {
    for (const byte of whole) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: liar.url, auth: "public" }]);
  const answer = await fetch(gateway.url);
  assert.equal(answer.headers.get("x-a"), "b");
  assert.equal(await answer.text(), "hello");
});
