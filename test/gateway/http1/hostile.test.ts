import assert from "node:assert/strict";
import { test } from "node:test";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";

const get = (...lines: string[]) => ["GET / HTTP/1.1", "Host: a", ...lines, "", ""].join("\r\n");
const post = (headers: string, body: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`;
const chunked = (body: string) => post("Transfer-Encoding: chunked", body);
/** A request of the attacker that must never be understood as one. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

const hostile: [name: string, status: number, bytes: string][] = [
  // Lines and bytes
  ["bare LF behind the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"],
  ["bare LF behind a field", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"],
  ["bare LF as the empty line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"],
  ["bare CR in a value", 400, get("X: a\rb")],
  ["bare CR behind the request line", 400, "GET / HTTP/1.1\rHost: a\r\n\r\n"],
  ["NUL in a value", 400, get("X: a\0b")],
  ["NUL in a name", 400, get("X\0: a")],
  ["a control character in a value", 400, get("X: a\x01b")],
  ["DEL in a value", 400, get("X: a\x7fb")],
  ["vertical tab around a value", 400, get("X:\x0ba")],
  ["a folded line", 400, get("X: a", " b")],
  ["a folded line with a tab", 400, get("X: a", "\tb")],
  ["a space before the first field", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
  ["a space before the colon", 400, get("X : a")],
  ["a tab before the colon", 400, get("X\t: a")],
  ["no colon", 400, get("X")],
  ["an empty name", 400, get(": a")],
  ["a name that is not a token", 400, get("X(a): a")],
  ["a name that is not ASCII", 400, get("X\xe9: a")],
  // Request line
  ["two spaces before the target", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["two spaces behind the target", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a tab before the target", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a space before the method", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a space behind the version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"],
  ["no version", 400, "GET /\r\nHost: a\r\n\r\n"],
  ["no target", 400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["lower case version", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"],
  ["a version of two digits", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"],
  ["a version in hexadecimal", 400, "GET / HTTP/1.a\r\nHost: a\r\n\r\n"],
  ["HTTP/1.2", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"],
  ["HTTP/2.0", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
  ["HTTP/0.9 with a version", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"],
  ["the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["TLS", 400, "\x16\x03\x01\x02\x00\x01\x00"],
  ["two empty lines", 400, `\r\n\r\n${get()}`],
  ["a method that is not a token", 400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a method without end", 501, `${"G".repeat(100)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
  // Target
  ["CONNECT", 400, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"],
  ["* for GET", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a target that is not ASCII", 400, "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a target with DEL", 400, "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a target with NUL", 400, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a fragment", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a relative target", 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["another scheme", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an absolute target for another host", 400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an encoded NUL", 400, "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an encoded line end", 400, "GET /a%0D%0Ab HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["dot segments", 400, "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["encoded dot segments", 400, "GET /a/%2E%2e/b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["dot segments behind an encoded slash", 400, "GET /a%2f.. HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["dot segments behind a backslash", 400, "GET /a%5c.. HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a backslash", 400, "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["overlong UTF-8", 400, "GET /%c0%af HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["half an escape", 400, "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["user information", 400, "GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n"],
  // Host
  ["no Host", 400, "GET / HTTP/1.1\r\n\r\n"],
  ["two Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
  ["two equal Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"],
  ["an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
  ["a list of Hosts", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"],
  ["a Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"],
  ["a Host with user information", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"],
  ["a Host with a bad port", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"],
  ["a Host with a port that is none", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"],
  ["a Host that is not ASCII", 400, "GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n"],
  ["a malformed Host in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a b\r\n\r\n"],
  // Length
  ["two lengths", 400, post("Content-Length: 1\r\nContent-Length: 2", "ab")],
  ["two equal lengths", 400, post("Content-Length: 1\r\nContent-Length: 1", "a")],
  ["a list of lengths", 400, post("Content-Length: 1, 1", "a")],
  ["a positive length", 400, post("Content-Length: +1", "a")],
  ["a negative length", 400, post("Content-Length: -1", "a")],
  ["a hexadecimal length", 400, post("Content-Length: 0x1", "a")],
  ["a length with a space", 400, post("Content-Length: 1 1", "a")],
  ["a length with a fraction", 400, post("Content-Length: 1.0", "a")],
  ["an empty length", 400, post("Content-Length:", "")],
  ["a length without end", 400, post(`Content-Length: ${"9".repeat(30)}`, "")],
  ["a length above the limit", 413, post("Content-Length: 100001", "")],
  // Transfer-Encoding
  ["length and chunked", 400, post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
  ["chunked and length", 400, post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n")],
  ["xchunked", 400, post("Transfer-Encoding: xchunked", "0\r\n\r\n")],
  ["gzip, chunked", 400, post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")],
  ["chunked, identity", 400, post("Transfer-Encoding: chunked, identity", "0\r\n\r\n")],
  ["chunked, chunked", 400, post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n")],
  [
    "chunked in two fields",
    400,
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", ""),
  ],
  [", chunked", 400, post("Transfer-Encoding: , chunked", "0\r\n\r\n")],
  ["identity", 400, post("Transfer-Encoding: identity", "")],
  ["an empty encoding", 400, post("Transfer-Encoding:", "")],
  ["an encoding with a parameter", 400, post("Transfer-Encoding: chunked;a=b", "0\r\n\r\n")],
  [
    "an encoding in HTTP/1.0",
    400,
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  // Chunks
  ["a chunk's size with 0x", 400, chunked("0x1\r\na\r\n0\r\n\r\n")],
  ["a chunk's size with _", 400, chunked("1_0\r\na\r\n0\r\n\r\n")],
  ["a chunk's size with a sign", 400, chunked("+1\r\na\r\n0\r\n\r\n")],
  ["a negative size", 400, chunked("-1\r\na\r\n0\r\n\r\n")],
  ["a space before the size", 400, chunked(" 1\r\na\r\n0\r\n\r\n")],
  ["a space behind the size", 400, chunked("1 \r\na\r\n0\r\n\r\n")],
  ["no size", 400, chunked("\r\na\r\n0\r\n\r\n")],
  ["a size that overflows", 400, chunked("FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n")],
  ["a size with bare LF", 400, chunked("1\na\r\n0\r\n\r\n")],
  ["a size with bare CR", 400, chunked("1\ra\r\n0\r\n\r\n")],
  ["a chunk without CR LF", 400, chunked("1\r\naX\r\n0\r\n\r\n")],
  ["a chunk with bare LF behind it", 400, chunked("1\r\na\n0\r\n\r\n")],
  ["a chunk with CR and something else", 400, chunked("1\r\na\rX0\r\n\r\n")],
  ["a chunk that is longer than its size", 400, chunked("1\r\nab\r\n0\r\n\r\n")],
  ["an extension without a name", 400, chunked("1;\r\na\r\n0\r\n\r\n")],
  ["an extension with a control character", 400, chunked("1;a=\x01\r\na\r\n0\r\n\r\n")],
  ["an extension with bare CR", 400, chunked("1;a\rb\r\na\r\n0\r\n\r\n")],
  ["an extension with LF in quotes", 400, chunked('1;a="\n"\r\na\r\n0\r\n\r\n')],
  ["an extension with CR LF in quotes", 400, chunked('1;a="\r\nX"\r\na\r\n0\r\n\r\n')],
  ["an extension without end", 400, chunked(`1;a=${"b".repeat(70_000)}\r\na\r\n0\r\n\r\n`)],
  ["extensions all over", 400, chunked(`${`1;${"a".repeat(900)}\r\na\r\n`.repeat(30)}0\r\n\r\n`)],
  ["a trailer that is no field", 400, chunked("0\r\nnonsense\r\n\r\n")],
  ["a trailer with a space before its colon", 400, chunked("0\r\nX : a\r\n\r\n")],
  ["a folded trailer", 400, chunked("0\r\nX: a\r\n b\r\n\r\n")],
  ["a trailer with bare LF", 400, chunked("0\r\nX: a\n\r\n")],
  ["trailers without end", 400, chunked(`0\r\n${`X: ${"a".repeat(900)}\r\n`.repeat(30)}\r\n`)],
  ["too many chunks' bytes", 413, chunked(`186A1\r\n${"a".repeat(100_001)}\r\n0\r\n\r\n`)],
  // Sizes
  ["too large a field", 431, get(`X: ${"a".repeat(20_000)}`)],
  ["too large a name", 431, get(`${"X".repeat(20_000)}: a`)],
  ["too many fields", 431, get(...Array.from({ length: 100 }, (_, index) => `X${index}: a`))],
  ["too long a target", 414, `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["a target of 9 KiB", 414, `GET /${"a".repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  // Once only
  ["two tokens", 400, get("Authorization: a", "Authorization: b")],
  ["two content types", 400, get("Content-Type: a", "Content-Type: b")],
  ["an unknown expectation", 417, post("Expect: tea\r\nContent-Length: 1", "a")],
];

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
