import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { frameType } from "../../src/wire/core/frame.ts";
import {
  type ByteSocket,
  Client,
  Server,
  type ServerOptions,
  type Transport,
  tcpTransport,
} from "../../src/wire/index.ts";

const identity = (nodeId: string) => ({ mesh: "test", nodeId, name: nodeId, incarnation: 1 });
const echo = { service: "test", operation: "echo", contractHash: "" };

/** The same socket, whose writes are noted. */
function noted(socket: ByteSocket, writes: Uint8Array[]): ByteSocket {
  const write = (bytes: Parameters<typeof socket.write>[0]) => {
    writes.push(bytes);
    return socket.write(bytes);
  };
  return Object.create(socket, { write: { value: write } });
}

/** A client that has called once, and what it and its server have written to their sockets. */
async function startCounted(context: TestContext, onRequest: ServerOptions["onRequest"]) {
  const writes: Uint8Array[] = [];
  const answers: Uint8Array[] = [];
  const counting: Transport = {
    listen: (address, onSocket) =>
      tcpTransport.listen(address, (socket) => onSocket(noted(socket, answers))),
    connect: async (address, timeoutMs) =>
      noted(await tcpTransport.connect(address, timeoutMs), writes),
  };
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity: identity("callee"),
    transport: counting,
    onRequest,
  });
  const client = new Client({
    address: await server.listen(),
    identity: identity("caller"),
    transport: counting,
  });
  context.after(async () => {
    client.destroy();
    await server.close();
  });
  await client.connect();
  await client.call(echo, { deadlineMs: 2_000 }, "the operation has its number now").outcome;
  return { client, writes, answers };
}

test("calls that several sockets ask for in one turn of the event loop leave together, but for the first", async (context) => {
  const { client, writes } = await startCounted(context, (request) =>
    request.respond(request.body),
  );

  const before = writes.length;
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, async () => {
      // Each of these is a callback of its own in one turn, as that of a readable socket is.
      await new Promise((resolve) => setImmediate(resolve));
      return client.call(echo, { deadlineMs: 2_000 }, "x").outcome;
    }),
  );

  assert.ok(outcomes.every(({ ok }) => ok));
  assert.equal(writes.length - before, 2);
});

test("an answer that is alone has left when the handler goes on; of many that are asked for together, the answers leave together", async (context) => {
  let answers: readonly Uint8Array[] = [];
  const leftAtOnce: number[] = [];
  const started = await startCounted(context, (request) => {
    const before = answers.length;
    request.respond(request.body);
    leftAtOnce.push(answers.length - before);
  });
  answers = started.answers;
  const call = () => started.client.call(echo, { deadlineMs: 2_000 }, "x").outcome;

  assert.ok((await call()).ok);
  assert.deepEqual(leftAtOnce.slice(1), [1]);

  const before = answers.length;
  await Promise.all(Array.from({ length: 10 }, call));
  assert.equal(answers.length - before, 1);
});

test("an answer that its stream's first credit covers asks for no more of it", async (context) => {
  const answer = new Uint8Array(250_000);
  const { client, writes } = await startCounted(context, (request) => request.respond(answer));
  const before = writes.length;
  const outcome = await client.call(echo, { deadlineMs: 2_000 }, "x").outcome;
  assert.equal(outcome.ok && outcome.response.body.length, answer.length);
  const types = writes.slice(before).map((frame) => frame[4]);
  assert.equal(types[0], frameType.REQUEST);
  assert.ok(!types.includes(frameType.WINDOW), `${types}`);
});
