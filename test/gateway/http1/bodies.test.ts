import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ClientGone, type Exchange } from "../../../src/gateway/exchange.ts";
import { ByteQueue } from "../../../src/gateway/http1/core/byte-queue.ts";
import { until, untilStill } from "../../support/until.ts";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";

const megabyte = 1024 * 1024;
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pattern = Buffer.from(
  Array.from({ length: 30 * megabyte }, (_, index) => index * 7 + (index >> 9)),
);
const post = (path: string, ...lines: string[]) =>
  [`POST ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");
const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

test("large bodies arrive whole, by length and in chunks, kept whole and piece by piece", async (t) => {
  const engine = await startEngine(
    t,
    async (exchange) => {
      const digest = createHash("sha256");
      if (exchange.rawTarget === "/whole") digest.update(await exchange.body());
      else for await (const piece of exchange.bodyChunks()) digest.update(piece);
      exchange.answer(200, [], digest.digest("hex"));
    },
    { bodyBytesMax: pattern.length },
  );
  const pieces = new ReadableStream({
    start(controller) {
      for (let at = 0; at < pattern.length; at += 100_000)
        controller.enqueue(pattern.subarray(at, at + 100_000));
      controller.close();
    },
  });
  const [one, two] = pieces.tee();
  for (const [path, body] of [
    ["/whole", pattern],
    ["/pieces", pattern],
    ["/whole", one],
    ["/pieces", two],
  ] as const) {
    const url = `http://127.0.0.1:${engine.port}${path}`;
    const init: any = { method: "POST", body, duplex: "half" };
    assert.equal(await (await fetch(url, init)).text(), hash(pattern), path);
  }
});

test("large answers leave whole: in one piece, as a stream, to HTTP/1.0 until the connection ends", async (t) => {
  const engine = await startEngine(t, async (exchange) => {
    if (exchange.rawTarget === "/one") return exchange.answer(200, [], pattern);
    const stream = exchange.stream(200, [["content-type", "application/octet-stream"]]);
    for (let at = 0; at < pattern.length; at += 70_000)
      await stream.write(pattern.subarray(at, at + 70_000));
    stream.end();
  });
  for (const path of ["/one", "/stream"]) {
    const response = await fetch(`http://127.0.0.1:${engine.port}${path}`);
    assert.equal(hash(await response.bytes()), hash(pattern), path);
  }
  const old = await new RawClient(engine)
    .send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    .untilClosed();
  const [head = ""] = old.split("\r\n\r\n", 1);
  assert.match(head, /connection: close/);
  assert.doesNotMatch(head, /chunked|content-length/);
  assert.equal(hash(Buffer.from(old.slice(head.length + 4), "latin1")), hash(pattern));
});

test("a stream's pieces leave as they are written, in chunks, and the connection stays", async (t) => {
  let resume: () => void = () => {};
  const engine = await startEngine(t, async (exchange) => {
    if (exchange.rawTarget === "/next") return echo(exchange);
    const stream = exchange.stream(200, []);
    void stream.write(Buffer.from("one"));
    void stream.write(Buffer.alloc(0));
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
    void stream.write(Buffer.from("two"));
    void stream.write(Buffer.from("three"));
    stream.end();
    assert.throws(() => stream.write(Buffer.from("four")), /ended/);
    assert.throws(() => exchange.answer(200, [], ""), /once/);
  });
  const client = new RawClient(engine).send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${next}`);
  assert.match(
    await client.until(/one\r\n$/),
    /transfer-encoding: chunked\r\n[\s\S]*\r\n\r\n3\r\none\r\n$/,
  );
  resume();
  const answers = await client.until(/\/next ;$/);
  assert.match(answers, /3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\nHTTP\/1\.1 200 /);
  client.socket.destroy();
  const head = new RawClient(engine).send(
    "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  await head.until(/\r\n\r\n/);
  resume();
  assert.match(await head.untilClosed(), /\r\n\r\n$/);
});

test("a stream that breaks off is seen as incomplete", async (t) => {
  let breakOff = () => {};
  const engine = await startEngine(t, async (exchange) => {
    const stream = exchange.stream(200, []);
    void stream.write(Buffer.from("one"));
    await new Promise<void>((resolve) => {
      breakOff = resolve;
    });
    if (exchange.rawTarget === "/throws") throw new Error("broken");
    stream.abort();
  });
  for (const path of ["/aborts", "/throws"]) {
    const response = await fetch(`http://127.0.0.1:${engine.port}${path}`);
    breakOff();
    await assert.rejects(response.text(), path);
  }
});

test("a stream waits for its reader, and learns that the reader left", async (t) => {
  let written = 0;
  let outcome: unknown;
  let aborted = 0;
  const engine = await startEngine(t, async (exchange) => {
    exchange.onAbort(() => {
      aborted += 1;
    });
    const stream = exchange.stream(200, []);
    try {
      for (;;) {
        await stream.write(Buffer.alloc(50_000));
        written += 50_000;
        if (written % 1_000_000 === 0) await pause(0);
      }
    } catch (error) {
      outcome = error;
      throw error;
    }
  });
  const client = new RawClient(engine);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await untilStill("the writer is held back", () => written);
  assert.ok(written < 20 * megabyte, String(written));
  client.socket.destroy();
  await until("the writer learns of it", () => outcome);
  assert.ok(outcome instanceof ClientGone);
  assert.equal(aborted, 1);
});

test("a stream that does not wait for its reader is broken off before it fills the memory", async (t) => {
  let thrown: unknown;
  const engine = await startEngine(
    t,
    async (exchange) => {
      const stream = exchange.stream(200, []);
      let room: Promise<void> | undefined;
      for (let index = 0; index < 1_000; index += 1) room = stream.write(Buffer.alloc(100_000));
      await room?.catch((error) => {
        thrown = error;
      });
    },
    { answerQueueBytesMax: megabyte },
  );
  const client = new RawClient(engine);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("it is broken off", () => thrown);
  assert.ok(thrown instanceof ClientGone);
  client.socket.destroy();
});

test("a body that nobody takes holds its sender back", async (t) => {
  let take: () => void = () => {};
  let taken = 0;
  const engine = await startEngine(t, async (exchange) => {
    await new Promise<void>((resolve) => {
      take = resolve;
    });
    for await (const piece of exchange.bodyChunks(pattern.length)) taken += piece.length;
    exchange.answer(200, [], "all;");
  });
  const client = new RawClient(engine).send(post("/", `Content-Length: ${pattern.length}`));
  client.send(pattern);
  // Nothing tells how far a write in progress has come: all of it would be over by then.
  await pause(300);
  const sent = client.socket.bytesWritten - client.socket.writableLength;
  assert.ok(sent < pattern.length, String(sent));
  assert.ok(client.socket.writableLength > 0);
  take();
  await client.until(/all;$/);
  assert.equal(taken, pattern.length);
  client.socket.destroy();
});

test("a body above the limit is 413 at once, by length and in chunks, and not before somebody wants it", async (t) => {
  const engine = await startEngine(
    t,
    async (exchange) => {
      if (exchange.rawTarget === "/unread") return exchange.answer(401, [], "");
      if (exchange.rawTarget === "/more") for await (const _ of exchange.bodyChunks(2_000));
      else if (exchange.rawTarget === "/pieces") for await (const _ of exchange.bodyChunks());
      else await exchange.body();
      exchange.answer(200, [], "");
    },
    { bodyBytesMax: 1_000 },
  );
  const ask = async (bytes: string) =>
    statuses(await new RawClient(engine).send(bytes).untilClosed());
  for (const path of ["/", "/pieces"]) {
    assert.deepEqual(await ask(post(path, "Content-Length: 1001")), [413]);
    assert.deepEqual(await ask(post(path, "Content-Length: 1001", "Expect: 100-continue")), [413]);
    const chunks = `1f4\r\n${"a".repeat(500)}\r\n`.repeat(3);
    assert.deepEqual(await ask(`${post(path, "Transfer-Encoding: chunked")}${chunks}`), [413]);
  }
  const close = "Connection: close";
  assert.deepEqual(await ask(post("/", "Content-Length: 1000", close) + "a".repeat(1_000)), [200]);
  assert.deepEqual(
    await ask(post("/more", "Content-Length: 1500", close) + "a".repeat(1_500)),
    [200],
  );
  assert.deepEqual(
    await ask(post("/unread", "Content-Length: 100000", "Expect: 100-continue")),
    [401],
  );
});

test("who waits for 100 Continue gets it when somebody wants the body, and only then", async (t) => {
  const engine = await startEngine(t, (exchange) =>
    exchange.rawTarget === "/unread"
      ? Promise.resolve(exchange.answer(403, [], "no;"))
      : echo(exchange),
  );
  const expecting = ["Content-Length: 3", "Expect: 100-continue"];
  const client = new RawClient(engine).send(post("/", ...expecting));
  assert.equal(await client.until(/\r\n\r\n/), "HTTP/1.1 100 Continue\r\n\r\n");
  assert.match(await client.send("abc").until(/;$/), /POST \/ abc;$/);
  // The body came without waiting.
  assert.deepEqual(
    statuses(await client.send(`${post("/", ...expecting)}def`).until(/def;$/)),
    [100, 200, 200],
  );
  client.send(
    post("/", "Expect: 100-continue") + post("/", ...expecting.slice(0, 1), "Connection: close"),
  );
  assert.deepEqual(statuses(await client.send("ghi").untilClosed()), [100, 200, 200, 200, 200]);
  // Nobody can know whether the body follows, so the connection ends.
  const refused = new RawClient(engine).send(post("/unread", ...expecting));
  assert.match(await refused.until(/no;$/), /connection: close/);
  assert.deepEqual(statuses(await refused.send(next).untilClosed()), [403]);
});

test("a body that nobody read is thrown away, and the next request is found behind it", async (t) => {
  const engine = await startEngine(
    t,
    async (exchange) => exchange.answer(200, [], `${exchange.rawTarget};`),
    { unreadBytesMax: 1_000 },
  );
  const late = async (head: string, body: string) => {
    const client = new RawClient(engine).send(head);
    await client.until(/\/early;$/);
    return client
      .send(body + next)
      .until(/\/next;$/)
      .catch(() => client.received);
  };
  assert.match(
    await late(post("/early", "Content-Length: 900"), next.repeat(30).slice(0, 900)),
    /\/next;$/,
  );
  assert.match(
    await late(post("/early", "Content-Length: 1100"), ""),
    /connection: close[\s\S]*\/early;$/,
  );
  assert.match(
    await late(post("/early", "Transfer-Encoding: chunked"), ""),
    /connection: close[\s\S]*\/early;$/,
  );
  const whole = `${post("/early", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\n\r\n${next}`;
  assert.match(await new RawClient(engine).send(whole).until(/\/next;$/), /\/early;HTTP/);
});

test("a reader of pieces may stop, and a body is read once", async (t) => {
  let error: unknown;
  const engine = await startEngine(t, async (exchange) => {
    if (exchange.rawTarget === "/next") return exchange.answer(200, [], "next;");
    for await (const _ of exchange.bodyChunks()) break;
    await exchange.body().catch((thrown) => {
      error = thrown;
    });
    exchange.answer(200, [], "stopped;");
  });
  const client = new RawClient(engine).send(`${post("/", "Content-Length: 6")}abc`);
  await client.until(/stopped;$/);
  assert.match(String(error), /once/);
  assert.match(await client.send(`def${next}`).until(/next;$/), /stopped;HTTP/);
  client.socket.destroy();
});

test("a body that breaks off fails its reader", async (t) => {
  const errors: unknown[] = [];
  let begun = 0;
  const engine = await startEngine(t, async (exchange) => {
    begun += 1;
    try {
      if (exchange.rawTarget === "/whole") await exchange.body();
      else for await (const _ of exchange.bodyChunks());
    } catch (error) {
      errors.push(error);
      throw error;
    }
  });
  for (const leave of ["destroy", "end"] as const) {
    for (const path of ["/whole", "/pieces"]) {
      const client = new RawClient(engine).send(`${post(path, "Content-Length: 9")}abc`);
      await until("it is read", () => begun === 1);
      begun = 0;
      client.socket[leave]();
      await until("its reader fails", () => errors.length === 1);
      assert.ok(errors.pop() instanceof ClientGone);
      assert.deepEqual(statuses(await client.untilClosed()), []);
    }
  }
});

test("a reader that is overtaken by the answer fails, and does not take half a body for a whole one", async (t) => {
  const errors: unknown[] = [];
  const engine = await startEngine(t, async (exchange) => {
    if (exchange.rawTarget === "/next") return exchange.answer(200, [], "next;");
    const read = exchange.rawTarget === "/whole" ? exchange.body() : readPieces(exchange);
    const failed = read.catch((error) => errors.push(error));
    exchange.answer(200, [], "early;");
    await failed;
  });
  const readPieces = async (exchange: Exchange) => {
    for await (const _ of exchange.bodyChunks());
  };
  for (const path of ["/whole", "/pieces"]) {
    const client = new RawClient(engine).send(`${post(path, "Content-Length: 6")}abc`);
    await client.until(/early;$/);
    assert.match(await client.send(`def${next}`).until(/next;$/), /early;HTTP/);
    assert.ok(errors.pop() instanceof ClientGone, path);
    client.socket.destroy();
  }
});

test("a stream that begins when the client is gone says so to its writer", async (t) => {
  let thrown: unknown;
  let isBegun = false;
  const engine = await startEngine(t, async (exchange) => {
    isBegun = true;
    await new Promise<void>((resolve) => exchange.onAbort(resolve));
    const stream = exchange.stream(200, []);
    for (;;) {
      await stream.write(Buffer.from("a"))?.catch((error) => {
        thrown = error;
      });
      if (thrown) return;
    }
  });
  const client = new RawClient(engine).send(next);
  await until("it is at work", () => isBegun);
  client.socket.resetAndDestroy();
  await until("it is told", () => thrown);
  assert.ok(thrown instanceof ClientGone);
});

test("a stream that has begun is not interrupted by 100 Continue", async (t) => {
  const engine = await startEngine(t, async (exchange) => {
    const stream = exchange.stream(200, []);
    void stream.write(Buffer.from("early"));
    for await (const piece of exchange.bodyChunks()) void stream.write(piece);
    stream.end();
  });
  const client = new RawClient(engine);
  client.send(post("/", "Content-Length: 3", "Expect: 100-continue"));
  await client.until(/early/);
  const answer = await client.send("abc").untilClosed();
  assert.match(answer, /\r\n\r\n5\r\nearly\r\n3\r\nabc\r\n0\r\n\r\n$/);
  assert.doesNotMatch(answer, /100 Continue/);
});

test("bytes that come one at a time are kept together", () => {
  const queue = new ByteQueue();
  const all = Buffer.from(Array.from({ length: 40_000 }, (_, index) => index));
  for (let at = 0; at < 20_000; at += 1) queue.push(all.subarray(at, at + 1));
  queue.push(all.subarray(20_000, 30_000));
  for (let at = 30_000; at < 40_000; at += 1) queue.push(all.subarray(at, at + 1));
  assert.equal(queue.size, all.length);
  const pieces: Buffer[] = [];
  for (let piece = queue.shift(); piece; piece = queue.shift()) pieces.push(piece);
  assert.ok(pieces.length < 10, String(pieces.length));
  assert.deepEqual(Buffer.concat(pieces), all);
  assert.equal(queue.size, 0);
  queue.push(all.subarray(0, 10));
  queue.push(all.subarray(10, 20));
  assert.deepEqual(queue.shift(), all.subarray(0, 10));
  queue.push(all.subarray(20, 30));
  assert.deepEqual(queue.takeAll(), all.subarray(10, 30));
});
