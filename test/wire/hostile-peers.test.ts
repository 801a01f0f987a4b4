import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Client, type IncomingRequest, Server, type ServerOptions } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";
import { namedVectors } from "./support/mutations.ts";

const mesh = "shop";
const ref = { service: "products", operation: "get", contractHash: "" };
const identity = (nodeId: string) => ({ mesh, nodeId, name: nodeId, incarnation: 1 });
const frame = (name: string) => Buffer.from(namedVectors.get(name) as Buffer);
const handshake = Buffer.concat([
  frame("HELLO of a dialler"),
  frame("AUTH without a token"),
  frame("BIND"),
]);

/** The same frame for another stream. */
function onStream(name: string, streamId: number): Buffer {
  const bytes = frame(name);
  bytes.writeUInt32BE(streamId, 6);
  return bytes;
}

async function serve(
  onRequest: (request: IncomingRequest) => void,
  options: Partial<ServerOptions> = {},
) {
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity: identity("products-1"),
    onRequest,
    ...options,
  });
  const address = await server.listen();
  const healthy = new Client({ address, identity: identity("healthy"), token: options.token });
  await healthy.connect();
  return {
    server,
    address,
    healthy,
    async isHealthy() {
      const outcome = await healthy.call(ref, { deadlineMs: 2_000 }, "healthy").outcome;
      assert.ok(outcome.ok);
    },
    async close() {
      healthy.destroy();
      await server.close();
    },
  };
}

async function dial(port: number, bytes: Buffer): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(bytes);
  return socket;
}

const isFrom = (request: IncomingRequest, text: string) =>
  Buffer.from(request.body as Uint8Array).toString() === text;

test("a peer that gives endless credit and never reads holds its own streams back, and nobody else's", async () => {
  let written = 0;
  const { address, isHealthy, close } = await serve(async (request) => {
    if (isFrom(request, "healthy")) return request.respond("well");
    const out = request.stream();
    try {
      for (;;) {
        await out.write("x".repeat(16_384));
        written += 1;
      }
    } catch {
      // The reader is gone.
    }
  });
  const window = frame("WINDOW");
  window.writeUInt32BE(1, 6);
  window.writeUInt32BE(0x7fff_ffff, window.length - 4);
  const linkWindow = Buffer.from(window);
  linkWindow.writeUInt32BE(0, 6);
  const socket = await dial(
    address.port,
    Buffer.concat([handshake, onStream("REQUEST, small", 1), window, linkWindow]),
  );
  let seen = -1;
  await until("the writer stands still", () => {
    const isStill = written > 0 && written === seen;
    seen = written;
    return isStill;
  });
  // What two kernels buffer, and one stream's share of the link: megabytes, not all that the writer could make.
  assert.ok(written * 16_384 < 64 * 1024 * 1024, `${written} items`);
  await isHealthy();
  socket.destroy();
  await close();
});

test("a peer that asks again and again and never reads the answers is cut off", async () => {
  const answer = "x".repeat(60_000);
  const linkBytesMax = 64 * 1024 * 1024;
  const reasons: string[] = [];
  const { address, isHealthy, close } = await serve(
    (request) => request.respond(isFrom(request, "healthy") ? "well" : answer),
    { onLinkClose: (_peer, error) => reasons.push(error.message) },
  );
  const socket = await dial(address.port, handshake);
  const requestsMax = (2 * linkBytesMax) / answer.length;
  for (let index = 0; index < requestsMax && reasons.length === 0; index += 1) {
    socket.write(onStream("REQUEST, small", 2 * index + 1));
    await isHealthy();
  }
  assert.deepEqual(reasons, ["the peer stopped reading"]);
  await isHealthy();
  socket.destroy();
  await close();
});

test("a million streams on one link: the limit is at work, the rest is refused, others are served", async () => {
  let begun = 0;
  const { server, address, isHealthy, close } = await serve((request) => {
    if (isFrom(request, "healthy")) return request.respond("well");
    begun += 1;
  });
  const socket = await dial(address.port, handshake);
  let received = 0;
  socket.on("data", (chunk) => (received += chunk.length));
  const batch = 10_000;
  for (let first = 0; first < 1_000_000; first += batch) {
    const requests = Array.from({ length: batch }, (_, index) =>
      onStream("REQUEST, small", 2 * (first + index) + 1),
    );
    if (!socket.write(Buffer.concat(requests))) await once(socket, "drain");
    if (first % 100_000 === 0) await isHealthy();
  }
  await until("all are answered or at work", () => received > (1_000_000 - 16_384) * 20);
  assert.equal(begun, 16_384);
  assert.equal(server.requestCount, 16_384);
  await isHealthy();
  socket.destroy();
  await until("all are given up", () => server.requestCount === 0);
  await close();
});

test("answers that nobody asked for change no call", async () => {
  const { server, address, close } = await serve((request) => {
    request.respond(`right: ${Buffer.from(request.body as Uint8Array)}`);
  });
  // Between client and server: passes everything on and adds what the server never said.
  let toClient: Socket | undefined;
  const liar = createServer((near) => {
    const far = connect(address.port, address.host);
    near.pipe(far);
    far.pipe(near);
    near.on("error", () => {});
    far.on("error", () => {});
    toClient = near;
  });
  await new Promise<void>((resolve) => {
    liar.listen(0, "127.0.0.1", resolve);
  });
  const { port } = liar.address() as { port: number };
  const client = new Client({ address: { host: "127.0.0.1", port }, identity: identity("caller") });
  await client.connect();
  const call = async () => {
    const outcome = await client.call(ref, { deadlineMs: 2_000 }, "who?").outcome;
    return outcome.ok ? Buffer.from(outcome.response.body).toString() : outcome.failure.code;
  };
  assert.equal(await call(), "right: who?");
  for (const name of ["RESPONSE, small", "RESPONSE of a stream", "END of a stream", "CANCEL"])
    for (const streamId of [1, 99_999]) toClient?.write(onStream(name, streamId));
  for (const name of [
    "DATA, the last of a message",
    "WINDOW",
    "ERROR of the platform, not started",
  ])
    toClient?.write(onStream(name, 99_999));
  const answers = new Set<string>();
  for (let index = 0; index < 20; index += 1) answers.add(await call());
  // It may leave the link, which is told; it never takes one answer for another.
  answers.delete("UNAVAILABLE");
  assert.ok(
    [...answers].every((answer) => answer === "right: who?"),
    [...answers].join(),
  );
  assert.equal(server.requestCount, 0);
  client.destroy();
  liar.close();
  await close();
});

test("a handshake that was overheard opens no second link", async () => {
  let requests = 0;
  const { address, isHealthy, close } = await serve(
    (request) => {
      requests += 1;
      request.respond("well");
    },
    { token: "a token that nobody else knows" },
  );
  const heard: Buffer[] = [];
  const proxy = createServer((near) => {
    const far = connect(address.port, address.host);
    near.on("data", (chunk) => heard.push(chunk));
    near.on("error", () => {});
    far.on("error", () => {});
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const { port } = proxy.address() as { port: number };
  const token = "a token that nobody else knows";
  const client = new Client({
    address: { host: "127.0.0.1", port },
    identity: identity("caller"),
    token,
  });
  await client.connect();
  assert.ok((await client.call(ref, { deadlineMs: 2_000 }, "x").outcome).ok);
  client.destroy();
  const overheard = Buffer.concat(heard);
  assert.ok(!overheard.includes(token), "the token itself is never sent");

  const before = requests;
  const replay = await dial(address.port, overheard);
  let answer = Buffer.alloc(0);
  replay.on("data", (chunk) => (answer = Buffer.concat([answer, chunk])));
  await once(replay, "close");
  assert.match(answer.toString("latin1"), /UNAUTHENTICATED/);
  assert.equal(requests, before, "no request of it was taken");
  await isHealthy();
  proxy.close();
  await close();
});
