import assert from "node:assert/strict";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { type TestContext, test } from "node:test";
import { brotliDecompressSync, createGunzip, gunzipSync } from "node:zlib";
import { Compressor } from "../../src/gateway/compression/index.ts";
import type { Exchange } from "../../src/gateway/exchange.ts";
import type { HeaderList } from "../../src/http/index.ts";
import { until } from "../support/until.ts";
import { startEngine } from "./http1/support/engine.ts";

const text = "words that come again and again, ".repeat(200);

/** An engine whose exchanges are compressed as the gateway does it. */
function start(t: TestContext, serve: (exchange: Exchange) => Promise<void> | void) {
  const compressor = new Compressor({});
  return startEngine(t, async (received) => {
    const exchange = compressor.wrap(received);
    await serve(exchange);
    await exchange.sent;
  });
}

function open(port: number, headers: Record<string, string>, method = "GET"): ClientRequest {
  return request({ port, host: "127.0.0.1", headers, method, agent: false }).end();
}

async function ask(port: number, headers: Record<string, string>, method?: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    open(port, headers, method).on("response", resolve).on("error", reject);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const encoding = response.headers["content-encoding"];
  const plain =
    encoding === "br"
      ? brotliDecompressSync(bytes)
      : encoding === "gzip"
        ? gunzipSync(bytes)
        : bytes;
  return { headers: response.headers, encoding, bytes, text: plain.toString() };
}

test("a client gets what it likes best, and what it can read", async (t) => {
  const { port } = await start(t, (exchange) =>
    exchange.answer(200, [["content-type", "application/json"]], text),
  );
  for (const [accept, encoding] of [
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["br;q=0.5, gzip;q=0.8", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["*", "br"],
    ["*;q=0", undefined],
    ["gzip;q=0.5, identity", undefined],
    ["identity", undefined],
    ["deflate", undefined],
    ["gzip;q=nonsense", undefined],
    ["", undefined],
  ] as const) {
    const answer = await ask(port, { "accept-encoding": accept });
    assert.equal(answer.encoding, encoding, accept);
    assert.equal(answer.text, text, accept);
    assert.equal(answer.headers.vary, "accept-encoding", accept);
    assert.equal(Number(answer.headers["content-length"]), answer.bytes.length, accept);
    assert.ok(encoding === undefined || answer.bytes.length < text.length / 10, accept);
  }
});

test("what is small, encoded, a part, or not to be changed stays as it is", async (t) => {
  let answer: [number, HeaderList, string] = [200, [], ""];
  const { port } = await start(t, (exchange) => exchange.answer(...answer));
  const type = ["content-type", "text/html; charset=utf-8"] as const;
  for (const [name, status, headers, body] of [
    ["small", 200, [type], "small"],
    ["a picture", 200, [["content-type", "image/png"]], text],
    ["no type", 200, [], text],
    ["events", 200, [["content-type", "text/event-stream"]], text],
    ["encoded", 200, [type, ["Content-Encoding", "zstd"]], text],
    ["a part", 206, [type, ["content-range", "bytes 0-1/2"]], text],
    ["not to be changed", 200, [type, ["Cache-Control", "private, no-transform"]], text],
  ] as [string, number, HeaderList, string][]) {
    answer = [status, headers, body];
    const { encoding, bytes, headers: got } = await ask(port, { "accept-encoding": "br" });
    assert.ok(encoding === undefined || encoding === "zstd", name);
    assert.equal(bytes.toString(), body, name);
    assert.equal(got.vary, undefined, name);
  }
  answer = [200, [type, ["ETag", '"a"'], ["Vary", "Accept-Encoding, Origin"]], text];
  const compressed = await ask(port, { "accept-encoding": "br" });
  assert.deepEqual(
    [compressed.headers.etag, compressed.headers.vary],
    ['W/"a"', "Accept-Encoding, Origin"],
  );
  const head = await ask(port, { "accept-encoding": "br" }, "HEAD");
  assert.deepEqual(
    [head.headers["content-length"], head.encoding],
    [String(text.length), undefined],
  );
});

test("a stream is compressed piece by piece, each readable when it was written", async (t) => {
  let next = () => {};
  const { port } = await start(t, async (exchange) => {
    const answer = exchange.stream(200, [["content-type", "application/x-ndjson"]]);
    for (const piece of ["one\n", "two\n"]) {
      await answer.write(Buffer.from(piece));
      await new Promise<void>((resolve) => {
        next = resolve;
      });
    }
    answer.end();
  });
  let received = "";
  open(port, { "accept-encoding": "gzip" }).on("response", (response) => {
    response.pipe(createGunzip()).on("data", (piece) => {
      received += piece;
    });
  });
  await until("the first piece is here", () => received === "one\n", 30_000);
  next();
  await until("the second piece is here", () => received === "one\ntwo\n", 30_000);
  next();
});

test("a stream that breaks off, or whose reader leaves, ends for both sides", async (t) => {
  let gone = 0;
  const { port } = await start(t, async (exchange) => {
    const answer = exchange.stream(200, [["content-type", "text/plain"]]);
    await answer.write(Buffer.from(text));
    if (exchange.rawTarget === "/") return answer.abort();
    try {
      for (;;) await answer.write(Buffer.from(text));
    } catch {
      gone += 1;
    }
  });
  await assert.rejects(ask(port, { "accept-encoding": "br" }));
  const leaving = request({
    port,
    host: "127.0.0.1",
    path: "/endless",
    headers: { "accept-encoding": "br" },
    agent: false,
  }).end();
  leaving.on("response", () => leaving.destroy()).on("error", () => {});
  await until("the writer is told", () => gone === 1, 30_000);
});

test("answers beyond those that can be compressed at a time go out as they are", async (t) => {
  const release: (() => void)[] = [];
  const { port } = await start(t, async (exchange) => {
    const answer = exchange.stream(200, [["content-type", "text/plain"]]);
    await new Promise<void>((resolve) => {
      release.push(resolve);
    });
    answer.end();
  });
  const encodings: (string | undefined)[] = [];
  for (let index = 0; index < 70; index += 1)
    open(port, { "accept-encoding": "br" }).on("response", (response) => {
      encodings.push(response.headers["content-encoding"]);
      response.resume();
    });
  await until("all have begun", () => encodings.length === 70, 30_000);
  assert.equal(encodings.filter((encoding) => encoding === "br").length, 64);
  for (const end of release) end();
});
