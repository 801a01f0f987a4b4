import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { type ClientOptions, WebSocket } from "ws";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { rawHttp } from "../support/raw-http.ts";
import { until } from "../support/until.ts";

const Item = z.object({ index: z.int() });
const feed = contract("feed", {
  count: op({
    http: "GET /count/:to",
    auth: "public",
    input: z.object({ to: z.int() }),
    output: stream(Item),
    errors: { TooMany: { status: 422 } },
  }),
  breaks: op({ http: "GET /breaks", auth: "public", output: stream(Item) }),
  endless: op({ http: "GET /endless", auth: "public", output: stream(z.string()) }),
  closed: op({ http: "GET /closed", output: stream(Item) }),
  double: op({ http: "POST /double", auth: "public", input: stream(Item), output: stream(Item) }),
  sum: op({ http: "POST /sum", auth: "public", input: stream(Item), output: z.int() }),
  plain: op({ http: "GET /plain", auth: "public", output: z.string() }),
});
/** Who does nothing while so many requests of others are answered is held back. */
const turnsOfOthers = 50;
const log = { produced: 0, ended: 0, doubled: 0 };

let node: MeshNode;
let gateway: Gateway;
before(async () => {
  node = await createNode({
    name: "feed",
    mesh: "test",
    distributors: [],
    services: [
      service(feed, ({ handle }) =>
        handle({
          count: async function* ({ to }, ctx) {
            if (to > 1_000) ctx.fail("TooMany");
            for (let index = 0; index < to; index += 1) yield { index };
          },
          breaks: async function* () {
            yield { index: 0 };
            throw new Error("broken in the middle");
          },
          endless: async function* () {
            try {
              for (;;) {
                log.produced += 1;
                yield "x".repeat(50_000);
              }
            } finally {
              log.ended += 1;
            }
          },
          closed: async function* () {},
          double: async function* (items) {
            for await (const { index } of items) {
              log.doubled += 1;
              yield { index: index * 2 };
            }
          },
          sum: async (items) => {
            let total = 0;
            for await (const { index } of items) total += index;
            return total;
          },
          plain: () => "plain",
        }),
      ),
    ],
  });
  gateway = await createGateway({
    node,
    port: 0,
    cors: { origins: ["https://shop.example"] },
    limits: { bodyBytesMax: 10_000 },
  });
});
after(async () => {
  await gateway.close();
  await node.close();
});

/** A client, what it received, and how it ended: a close code, or the status of an answer in HTTP. */
function open(path: string, options: ClientOptions = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, options);
  const received: unknown[] = [];
  socket.on("message", (data) => received.push(JSON.parse(data.toString())));
  const ended = new Promise<number>((resolve) => {
    socket.on("close", (code) => resolve(code));
    socket.on("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
  });
  socket.on("error", () => {});
  return { socket, received, ended };
}

test("items come as messages, and a stream that is complete ends well", async () => {
  const { received, ended } = open("/count/100");
  assert.equal(await ended, 1000);
  assert.deepEqual(
    received,
    Array.from({ length: 100 }, (_, index) => ({ index })),
  );
});

test("items go both ways on one socket; an empty message ends those of the client", async () => {
  const { socket, received, ended } = open("/double");
  await once(socket, "open");
  for (const index of [1, 2, 3]) {
    socket.send(`{"index":\n${index}}`);
    await until("the answer is here", () => received.length === index, 30_000);
  }
  socket.send("");
  assert.equal(await ended, 1000);
  assert.deepEqual(received, [{ index: 2 }, { index: 4 }, { index: 6 }]);
  const sum = open("/sum");
  await once(sum.socket, "open");
  for (let index = 0; index < 100; index += 1) sum.socket.send(JSON.stringify({ index }));
  sum.socket.send("");
  assert.equal(await sum.ended, 1000);
  assert.deepEqual(sum.received, [4950]);
});

test("what fails before the first item is answered in HTTP, later with a close code", async () => {
  assert.equal(await open("/count/1001").ended, 422);
  assert.equal(await open("/count/x").ended, 400);
  assert.equal(await open("/closed").ended, 401);
  assert.equal(await open("/nowhere").ended, 404);
  const broken = open("/breaks");
  assert.equal(await broken.ended, 1011);
  assert.deepEqual(broken.received, [{ index: 0 }]);
  const large = open("/double");
  await once(large.socket, "open");
  large.socket.send("x".repeat(20_000));
  assert.equal(await large.ended, 1009);
  const binary = open("/double");
  await once(binary.socket, "open");
  binary.socket.send(Buffer.from([1, 2]));
  assert.equal(await binary.ended, 1003);
});

test("a client that leaves ends the work, and one that does not read holds it back", async () => {
  const before = log.ended;
  const { socket } = open("/endless");
  await once(socket, "message");
  socket.pause();
  await until(
    "the work is held back",
    async () => {
      const produced = log.produced;
      for (let turn = 0; turn < turnsOfOthers; turn += 1) await fetch(`${gateway.url}/plain`);
      return log.produced === produced;
    },
    30_000,
  );
  socket.terminate();
  await until("the work ends", () => log.ended === before + 1, 30_000);
});

test("pages of other origins, other versions and bad keys are refused; who is asked for something else answers it", async () => {
  const origin = (value: string) => open("/count/1", { headers: { origin: value } }).ended;
  assert.equal(await origin("https://evil.example"), 403);
  assert.equal(await origin("null"), 403);
  assert.equal(await origin("https://shop.example"), 1000);
  assert.equal(await origin(`http://127.0.0.1:${gateway.port}`), 1000);
  const ask = (path: string, version: string, key: string) =>
    rawHttp(
      gateway.port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close, Upgrade\r\nSec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      /HTTP\/1\.1 101 [\s\S]*\r\n\r\n/,
    );
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  assert.match(await ask("/count/1", "8", key), /^HTTP\/1\.1 426 [\s\S]*sec-websocket-version: 13/);
  assert.match(await ask("/count/1", "13", "short"), /^HTTP\/1\.1 400 /);
  assert.match(await ask("/plain", "13", key), /^HTTP\/1\.1 200 [\s\S]*"plain"$/);
  assert.match(
    await ask("/count/0", "13", key),
    /^HTTP\/1\.1 101 [\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/,
  );
});

test("a gateway that closes says so to its sockets", async () => {
  const closing = await createGateway({ node, port: 0 });
  const socket = new WebSocket(`ws://127.0.0.1:${closing.port}/double`);
  await once(socket, "open");
  const closed = once(socket, "close");
  await closing.close();
  assert.equal((await closed)[0], 1001);
});
