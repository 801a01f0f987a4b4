import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { stopwatch } from "../../support/stopwatch.ts";
import { until } from "../../support/until.ts";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async function timed<Value>(run: () => Promise<Value>): Promise<[Value, number]> {
  const watch = stopwatch();
  return [await run(), watch.stop()];
}

/** Sends a text byte by byte, until the peer closes. */
async function drip(client: RawClient, text: string, everyMs: number): Promise<void> {
  for (const byte of text) {
    if (client.isClosed) return;
    client.send(byte);
    await pause(everyMs);
  }
}

test("a head that drips in is 408 at its time, however lively it drips", async (t) => {
  const engine = await startEngine(t, echo, { headMsMax: 200 });
  const client = new RawClient(engine);
  const [answer, ms] = await timed(async () => {
    const dripping = drip(client, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(200)}\r\n\r\n`, 10);
    const text = await client.untilClosed();
    await dripping;
    return text;
  });
  assert.deepEqual(statuses(answer), [408]);
  assert.ok(ms < 1_000, String(ms));
});

test("a connection that says nothing, or nothing more, is closed without a word", async (t) => {
  const engine = await startEngine(t, echo, { keepAliveMs: 150, headMsMax: 60_000 });
  const [silent, ms] = await timed(() => new RawClient(engine).untilClosed());
  assert.equal(silent, "");
  assert.ok(ms < 1_000, String(ms));
  const [answer, idleMs] = await timed(() => new RawClient(engine).send(get).untilClosed());
  assert.deepEqual(statuses(answer), [200]);
  assert.ok(idleMs < 1_000, String(idleMs));
});

test("a request at work is not hurried", async (t) => {
  const engine = await startEngine(
    t,
    async (exchange) => {
      await pause(400);
      exchange.answer(200, [], ";");
    },
    { keepAliveMs: 50, headMsMax: 50, pauseMsMax: 50 },
  );
  assert.deepEqual(statuses(await new RawClient(engine).send(get).untilClosed()), [200]);
});

test("a body that stops, or drips too slowly, is 408; one that is slow but fast enough arrives", async (t) => {
  const engine = await startEngine(t, echo, { pauseMsMax: 200, bytesPerSecondMin: 40 });
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n";
  const stopped = new RawClient(engine).send(`${post}abc`);
  assert.deepEqual(statuses(await stopped.untilClosed()), [408]);
  const slow = new RawClient(engine).send(post);
  void drip(slow, "a".repeat(50), 60);
  assert.deepEqual(statuses(await slow.untilClosed()), [408]);
  const steady = new RawClient(engine).send(post);
  const [, ms] = await timed(async () => {
    await drip(steady, "a".repeat(50), 10);
    return steady.until(/a{50};$/);
  });
  assert.ok(ms > 450, String(ms));
  steady.socket.destroy();
});

test("the client's time does not run while nobody takes its body", async (t) => {
  const engine = await startEngine(
    t,
    async (exchange) => {
      await pause(500);
      let length = 0;
      for await (const piece of exchange.bodyChunks()) length += piece.length;
      exchange.answer(200, [], `${length};`);
    },
    { pauseMsMax: 100, bodyQueueBytesMax: 1_000, bodyBytesMax: 10_000_000 },
  );
  const client = new RawClient(engine);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
  client.send(Buffer.alloc(9_000_000));
  await client.until(/9000000;$/);
  client.socket.destroy();
});

test("a client that does not read its answer is cut off; one that reads slowly gets all", async (t) => {
  let closed = 0;
  const body = Buffer.alloc(8_000_000, "a");
  const engine = await startEngine(
    t,
    async (exchange) => {
      const stream = exchange.stream(200, []);
      exchange.onAbort(() => {
        closed += 1;
      });
      for (let at = 0; at < body.length; at += 100_000)
        await stream.write(body.subarray(at, at + 100_000));
      stream.end();
    },
    { pauseMsMax: 200, bytesPerSecondMin: 1_000_000 },
  );
  const deaf = new RawClient(engine);
  deaf.socket.pause();
  deaf.send(get);
  await until("it is cut off", () => closed === 1);
  deaf.socket.destroy();
  const slow = new RawClient(engine).send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  for (let round = 0; round < 20; round += 1) {
    slow.socket.pause();
    await pause(30);
    slow.socket.resume();
    await pause(5);
  }
  const received = await slow.untilClosed();
  assert.match(received, /\r\n0\r\n\r\n$/);
  assert.equal(closed, 1);
});

test("one whole answer that nobody reads is cut off too, also when it is the last", async (t) => {
  const engine = await startEngine(
    t,
    async (exchange) => exchange.answer(200, [], Buffer.alloc(20_000_000)),
    { pauseMsMax: 150, bytesPerSecondMin: 200_000_000 },
  );
  for (const field of ["", "Connection: close\r\n"]) {
    const deaf = new RawClient(engine);
    deaf.socket.pause();
    deaf.send(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
    await pause(1_000);
    deaf.socket.resume();
    const received = await deaf.untilClosed();
    assert.ok(received.length < 20_000_000, String(received.length));
  }
});

test("what comes behind a refusal is thrown away for a moment, so that the answer is read", async (t) => {
  const engine = await startEngine(t, echo, { lingerMs: 200 });
  const client = new RawClient(engine, { allowHalfOpen: true });
  const [answer, ms] = await timed(async () => {
    client.send(`GET / HTTP/9.9\r\n\r\n${"a".repeat(500_000)}`);
    await pause(50);
    client.send("a".repeat(500_000));
    await client.untilClosed();
    const before = client.received;
    // The engine closes although this client never does.
    const socketClosed = new Promise<void>((resolve) => client.socket.on("close", () => resolve()));
    await socketClosed;
    return before;
  });
  assert.deepEqual(statuses(answer), [505]);
  assert.ok(ms < 2_000, String(ms));
});
