import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { filesOf, initAuthority } from "../../src/certs/index.ts";
import { loadEdgeCertificates } from "../../src/gateway/edge-certificates.ts";
import type { Exchange } from "../../src/gateway/exchange.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";
import { echo, startEngine } from "./http1/support/engine.ts";
import {
  FrameClient,
  frame,
  frameTypes,
  getBlock,
  literal,
  postBlock,
} from "./support/http2-frames.ts";

let folder = "";
let ca = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "dure-h2-"));
  const authority = await initAuthority(folder, "shop");
  ca = readFileSync(join(folder, "ca.pem"), "utf8");
  await authority.issue({ name: "shop", hosts: ["shop.example"] });
});
after(() => rmSync(folder, { recursive: true }));

type OnExchange = (exchange: Exchange) => Promise<void>;

async function start(t: TestContext, onExchange: OnExchange = echo, limits: object = {}) {
  const certificates = await loadEdgeCertificates([filesOf(folder, "shop")], silentLogger);
  return startEngine(t, onExchange, { ...limits, certificates });
}

function open(t: TestContext, { port }: { readonly port: number }): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername: "shop.example" });
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

/** Status, fields and body of one request. */
async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string) {
  const stream = session.request(
    { ":authority": "shop.example", ...headers },
    { endStream: body === undefined },
  );
  if (body !== undefined) stream.end(body);
  let text = "";
  stream.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  const [fields] = await once(stream, "response");
  if (!stream.readableEnded) await once(stream, "end");
  return { status: fields[":status"] as number, fields, text };
}

/** A request in one HEADERS frame. */
const block = (stream: number, payload = getBlock) =>
  frame("headers", { flags: 0x5, stream, payload });

test("HTTP/2 and HTTP/1.1 are answered alike on one port, a hundred requests at a time", async (t) => {
  const engine = await start(t);
  const session = open(t, engine);
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      ask(session, { ":path": `/x?y=${index}`, ":method": "POST" }, "b".repeat(index * 100)),
    ),
  );
  for (const [index, { status, text }] of answers.entries())
    assert.deepEqual([status, text], [200, `POST /x?y=${index} ${"b".repeat(index * 100)};`]);
  const head = await ask(session, { ":path": "/", ":method": "HEAD" });
  assert.deepEqual([head.status, head.text, head.fields["content-length"]], [200, "", "8"]);
  const sent = request({ port: engine.port, host: "127.0.0.1", ca, servername: "shop.example" });
  const [response] = await once(sent.end(), "response");
  response.resume();
  assert.deepEqual([response.httpVersion, response.statusCode], ["1.1", 200]);
});

test("an exchange says what was asked, and a streamed answer comes piece by piece", async (t) => {
  const engine = await start(t, async (exchange) => {
    const { host, scheme, remoteAddress, rawTarget, headers } = exchange;
    const answer = exchange.stream(201, [
      ["Set-Cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["Connection", "x"],
    ]);
    const facts = { host, scheme, remoteAddress, rawTarget, headers };
    for (const character of JSON.stringify(facts)) await answer.write(Buffer.from(character));
    answer.end();
  });
  const { status, fields, text } = await ask(open(t, engine), {
    ":path": "/a?b",
    "x-request-id": "mine",
    cookie: "c=d",
  });
  assert.equal(status, 201);
  assert.deepEqual(fields["set-cookie"], ["a=1", "b=2"]);
  assert.equal(fields["x-request-id"], "mine");
  const facts = JSON.parse(text);
  assert.deepEqual(
    [facts.host, facts.scheme, facts.remoteAddress, facts.rawTarget],
    ["shop.example", "https", "127.0.0.1", "/a?b"],
  );
  assert.deepEqual(Object.fromEntries(facts.headers), {
    "x-request-id": "mine",
    cookie: "c=d",
    host: "shop.example",
  });
});

test("an answer that says how long it is, and one that breaks off, arrive as such", async (t) => {
  const engine = await start(t, async (exchange) => {
    const isWhole = exchange.rawTarget === "/whole";
    const answer = exchange.stream(200, [], isWhole ? 3 : undefined);
    await answer.write(Buffer.from("abc"));
    if (isWhole) answer.end();
    else if (exchange.rawTarget === "/broken") answer.abort();
    else throw new Error("a bug");
  });
  const session = open(t, engine);
  const whole = await ask(session, { ":path": "/whole" });
  assert.deepEqual([whole.fields["content-length"], whole.text], ["3", "abc"]);
  for (const path of ["/broken", "/throws"])
    await assert.rejects(ask(session, { ":path": path }), { message: /INTERNAL_ERROR/ }, path);
});

test("what HTTP/1.1 refuses is refused, and the other requests of the connection go on", async (t) => {
  const engine = await start(t, echo, { bodyBytesMax: 1_000, trustedProxies: ["127.0.0.1"] });
  const session = open(t, engine);
  for (const [name, headers, status, body] of [
    ["dot segments", { ":path": "/a/../b" }, 400],
    ["a bad port", { ":authority": "a:65536" }, 400],
    ["another Host", { host: "other.example" }, 400],
    ["a method without end", { ":method": "G".repeat(40) }, 501],
    [
      "too many fields",
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, "a"])),
      431,
    ],
    ["another expectation", { ":method": "POST", expect: "tea" }, 417, "a"],
    ["two clients", { forwarded: "for=1.1.1.1", "x-forwarded-for": "2.2.2.2" }, 400],
    ["too large a body", { ":method": "POST" }, 413, "a".repeat(2_000)],
    [
      "too long a body announced",
      { ":method": "POST", "content-length": "2000" },
      413,
      "a".repeat(2_000),
    ],
  ] as [string, OutgoingHttpHeaders, number, string?][]) {
    const answer = await ask(session, { ":path": "/", ...headers }, body);
    assert.deepEqual([answer.status, JSON.parse(answer.text).status], [status, status], name);
  }
  // These are no HTTP/2 at all: nghttp2 resets their streams.
  for (const headers of [
    { ":path": "*" },
    { ":path": "http://shop.example/" },
    { ":authority": "a b" },
    { ":authority": "u@a" },
  ])
    await assert.rejects(ask(session, { ":path": "/", ...headers }), { message: /PROTOCOL_ERROR/ });
  assert.equal((await ask(session, { ":path": "/" })).status, 200);
});

test("what could be smuggled into HTTP/1.1 behind the edge is refused, or its field dropped", async (t) => {
  const seen: string[] = [];
  const engine = await start(t, async (exchange) => {
    seen.push(JSON.stringify([exchange.rawTarget, exchange.headers]));
    await exchange.body();
    exchange.answer(200, [], "");
  });
  const harmless = JSON.stringify(["/", [["host", "a"]]]);
  for (const [name, value] of [
    ["x", "a\r\nhost: b"],
    ["x", "a\0"],
    ["x\r\ny", "a"],
    ["X", "a"],
    ["x y", "a"],
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    ["te", "gzip"],
    ["upgrade", "h2c"],
    ["content-length", "1, 1"],
    [":path", "/other"],
    [":unknown", "a"],
  ] as const) {
    const client = await new FrameClient(engine.port, ca).open();
    client.send(block(1, Buffer.concat([getBlock, literal(name, value)])));
    const what = JSON.stringify([name, value]);
    await until(what, () => client.isRefused || seen.length > 0, 30_000);
    assert.equal(seen.pop() ?? harmless, harmless, what);
    client.destroy();
  }
  const client = await new FrameClient(engine.port, ca).open();
  client.send(
    frame("headers", {
      flags: 0x4,
      stream: 1,
      payload: Buffer.concat([postBlock, literal("content-length", "3")]),
    }),
    frame("data", { flags: 0x1, stream: 1, payload: Buffer.from("ab") }),
  );
  await until("a length that is not true is refused", () => client.isRefused, 30_000);
  assert.equal(client.counts.get(frameTypes.headers), undefined);
  client.destroy();
});

test("a stream that the client resets tells those who work for it; half a body is not a whole one", async (t) => {
  let aborted = 0;
  let begun = 0;
  const bodies: string[] = [];
  const engine = await start(t, async (exchange) => {
    begun += 1;
    exchange.onAbort(() => {
      aborted += 1;
    });
    if (!exchange.hasBody) return new Promise(() => {});
    await exchange.body().then(
      (bytes) => bodies.push(`whole ${bytes.length}`),
      (error) => bodies.push(error.constructor.name),
    );
  });
  const session = open(t, engine);
  const hanging = session.request({ ":path": "/" });
  await until("the first work begins", () => begun === 1, 30_000);
  const client = await new FrameClient(engine.port, ca).open();
  t.after(() => client.destroy());
  for (const [index, code] of [0, 8].entries()) {
    const stream = index * 2 + 1;
    client.send(
      frame("headers", { flags: 0x4, stream, payload: postBlock }),
      frame("data", { stream, payload: Buffer.from("half") }),
    );
    await until("the work begins", () => begun === index + 2, 30_000);
    client.send(frame("rstStream", { stream, payload: Buffer.from([0, 0, 0, code]) }));
  }
  await until("both are told", () => bodies.length === 2, 30_000);
  assert.deepEqual(bodies, ["ClientGone", "ClientGone"]);
  hanging.close();
  await until("the work is cancelled", () => aborted === 3, 30_000);
});

test("a slow body is 408, a reader that does not read is cut off, an idle connection is closed", async (t) => {
  let cut = 0;
  const engine = await start(
    t,
    async (exchange) => {
      if (exchange.hasBody) return echo(exchange);
      exchange.onAbort(() => {
        cut += 1;
      });
      const answer = exchange.stream(200, []);
      for (;;) await answer.write(Buffer.alloc(10_000));
    },
    { pauseMsMax: 100, bytesPerSecondMin: 1_000_000, keepAliveMs: 200, lingerMs: 100 },
  );
  const session = open(t, engine);
  const slow = session.request({ ":path": "/", ":method": "POST" });
  slow.write("a");
  const [fields] = await once(slow, "response");
  assert.equal(fields[":status"], 408);
  const deaf = session.request({ ":path": "/" });
  deaf.on("error", () => {});
  await until("the reader is cut off", () => cut === 1, 30_000);
  await until("the idle connection is closed", () => session.closed, 30_000);
});

test("closing tells clients to go, and answers what is at work", async (t) => {
  let release = () => {};
  const engine = await start(t, async (exchange) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    exchange.answer(200, [], "late;");
  });
  const session = open(t, engine);
  const answer = ask(session, { ":path": "/" });
  await until("it is at work", () => release.name !== "release");
  const closed = engine.close(30_000);
  await once(session, "goaway");
  release();
  assert.equal((await answer).text, "late;");
  await closed;
});

const cancel = Buffer.from([0, 0, 0, 8]);
/** The last two are only thrown away, stream by stream: nothing is begun, and reading them costs no more than other bytes. */
const floods: [name: string, send: (client: FrameClient, round: number) => void][] = [
  [
    "rapid reset",
    (client, round) => {
      for (let index = 0; index < 100; index += 1) {
        const stream = (round * 100 + index) * 2 + 1;
        client.send(block(stream), frame("rstStream", { stream, payload: cancel }));
      }
    },
  ],
  [
    "PING",
    (client) => {
      for (let index = 0; index < 100; index += 1)
        client.send(frame("ping", { payload: Buffer.alloc(8) }));
    },
  ],
  [
    "SETTINGS",
    (client) => {
      for (let index = 0; index < 100; index += 1) client.send(frame("settings"));
    },
  ],
  [
    "CONTINUATION",
    (client, round) => {
      if (round === 0) client.send(frame("headers", { stream: 1, payload: getBlock }));
      for (let index = 0; index < 100; index += 1)
        client.send(frame("continuation", { stream: 1, payload: literal("x", "y") }));
    },
  ],
  [
    "heads of too many fields",
    (client, round) => {
      const many = Buffer.concat([
        getBlock,
        ...Array.from({ length: 300 }, () => literal("x", "y")),
      ]);
      for (let index = 0; index < 10; index += 1)
        client.send(block((round * 10 + index) * 2 + 1, many));
    },
  ],
  [
    "a field of 4,000 bytes, said a thousand times by its number",
    (client, round) => {
      const bomb = Buffer.concat([getBlock, literal("x", "y".repeat(4_000), 0x40)]);
      const more = Buffer.concat([getBlock, Buffer.alloc(1_000, 0xbe)]);
      for (let index = 0; index < 10; index += 1)
        client.send(block((round * 10 + index) * 2 + 1, round + index === 0 ? bomb : more));
    },
  ],
];

test("floods end the connection that sends them, and others are served meanwhile", async (t) => {
  let begun = 0;
  const engine = await start(t, async (exchange) => {
    if (exchange.rawTarget === "/healthy") return exchange.answer(200, [], ";");
    begun += 1;
    return new Promise(() => {});
  });
  const healthy = open(t, engine);
  for (const [index, [name, send]] of floods.entries()) {
    const isThrownAway = index >= floods.length - 2;
    begun = 0;
    const client = await new FrameClient(engine.port, ca).open();
    t.after(() => client.destroy());
    let rounds = 0;
    await until(
      `${name}: the connection is ended`,
      async () => {
        send(client, rounds);
        rounds += 1;
        assert.equal((await ask(healthy, { ":path": "/healthy" })).status, 200, name);
        return client.isClosed || (isThrownAway && rounds === 50);
      },
      30_000,
    );
    assert.ok(begun <= 1_200, `${name}: ${begun} requests were begun`);
    assert.ok((client.counts.get(frameTypes.headers) ?? 0) === 0, name);
    t.diagnostic(`${name}: ended after ${rounds} rounds, reason ${client.goawayCode}`);
  }
});
