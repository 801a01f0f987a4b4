import assert from "node:assert/strict";
import { test } from "node:test";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";
import { chunked, get, hostile, post } from "./support/hostile-requests.ts";

/** A request of the attacker that must never be understood as one. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

test("ambiguous and malformed requests are answered once, with a problem document, and the connection closes", async (t) => {
  const targets: string[] = [];
  const engine = await startEngine(
    t,
    (exchange) => {
      targets.push(exchange.rawTarget);
      return echo(exchange);
    },
    { bodyBytesMax: 100_000 },
  );
  for (const [name, status, bytes] of hostile) {
    for (const pieces of [[bytes + smuggled], [bytes, smuggled]]) {
      const client = new RawClient(engine);
      for (const piece of pieces) client.send(piece);
      const answer = await client.untilClosed();
      assert.deepEqual(statuses(answer), [status], `${name}: ${answer}`);
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      assert.match(head, /content-type: application\/problem\+json/, name);
      assert.match(head, /connection: close/, name);
      assert.equal(JSON.parse(body).status, status, name);
      assert.equal(Number(/content-length: (\d+)/.exec(head)?.[1]), body.length, name);
    }
  }
  assert.ok(!targets.includes("/smuggled"));
});

test("the same answers come when every byte comes alone", async (t) => {
  const engine = await startEngine(t, echo, { bodyBytesMax: 100_000 });
  const short = hostile.filter(([, , bytes]) => bytes.length < 200);
  await Promise.all(
    short.map(async ([name, status, bytes]) => {
      const client = new RawClient(engine);
      for (const byte of bytes) {
        if (client.isClosed) break;
        client.send(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual(statuses(await client.untilClosed()), [status], name);
    }),
  );
});

test("what is unusual and sound is understood", async (t) => {
  const engine = await startEngine(t, echo, { bodyBytesMax: 100_000 });
  const sound: [name: string, bytes: string, answer: RegExp][] = [
    ["an empty line before the request", `\r\n${get()}`, /GET \/ ;$/],
    ["no space behind a colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", /GET \/ ;$/],
    ["white space around a value", "GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n", /GET \/ ;$/],
    ["an empty value", get("X:"), /GET \/ ;$/],
    ["a value that is not ASCII", get("X: \xe9"), /GET \/ ;$/],
    ["an absolute target", "GET http://a/b?c HTTP/1.1\r\nHost: A\r\n\r\n", /GET \/b\?c ;$/],
    ["an address as Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", /GET \/ ;$/],
    ["HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", /GET \/ ;$/],
    ["a method of its own", "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", /M-SEARCH \/ ;$/],
    ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 204 /],
    ["GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", /GET \/ ab;$/],
    ["a length with zeros before it", post("Content-Length: 0002", "ab"), /POST \/ ab;$/],
    ["Chunked", post("Transfer-Encoding: Chunked", "2\r\nab\r\n0\r\n\r\n"), /POST \/ ab;$/],
    [
      "sizes of chunks in either case",
      chunked(`0A\r\n${"x".repeat(10)}\r\n0000\r\n\r\n`),
      /x{10};$/,
    ],
    ["extensions", chunked('2;a;b=c ; d = "e;\\"f" \t;g\r\nab\r\n0;x\r\n\r\n'), /ab;$/],
    ["trailers", chunked("2\r\nab\r\n0\r\nX: y\r\nHost: z\r\n\r\n"), /POST \/ ab;$/],
    ["an expectation in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: tea\r\n\r\n", /GET \/ ;$/],
  ];
  for (const [name, bytes, answer] of sound) {
    const client = new RawClient(engine).send(bytes);
    const end = name === "OPTIONS *" ? /\r\n\r\n$/ : /;$/;
    assert.match(await client.until(end).catch((error) => `${name}: ${error}`), answer, name);
    client.socket.destroy();
  }
});

test("random changes to requests never hang or crash the engine", async (t) => {
  const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`DURE_TEST_SEED=${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const engine = await startEngine(t, echo, { headMsMax: 50, pauseMsMax: 50, keepAliveMs: 50 });
  const seeds = [...hostile.map(([, , bytes]) => bytes), get(), chunked("2\r\nab\r\n0\r\n\r\n")];
  const usable = seeds.filter(({ length }) => length < 300);
  const attack = async () => {
    const bytes = Buffer.from(usable[random(usable.length)] as string, "latin1");
    for (let changes = 1 + random(4); changes > 0; changes -= 1)
      bytes[random(bytes.length)] =
        random(3) === 0 ? random(256) : (bytes[random(bytes.length)] ?? 0);
    const answer = await new RawClient(engine).send(bytes).untilClosed();
    for (const status of statuses(answer))
      assert.ok([200, 204, 400, 408, 413, 414, 417, 431, 501, 505].includes(status), answer);
  };
  for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 50 }, attack));
  assert.match(await new RawClient(engine).send(get()).until(/;$/), /^HTTP\/1\.1 200 /);
});
