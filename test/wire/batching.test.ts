import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Server, type Transport, tcpTransport } from "../../src/wire/index.ts";

const identity = (nodeId: string) => ({ mesh: "test", nodeId, name: nodeId, incarnation: 1 });
const echo = { service: "test", operation: "echo", contractHash: "" };

test("calls that several sockets ask for in one turn of the event loop leave together, but for the first", async (context) => {
  let writes = 0;
  const counting: Transport = {
    ...tcpTransport,
    async connect(address, timeoutMs) {
      const socket = await tcpTransport.connect(address, timeoutMs);
      const write = (bytes: Parameters<typeof socket.write>[0]) => {
        writes += 1;
        return socket.write(bytes);
      };
      return Object.create(socket, { write: { value: write } });
    },
  };
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity: identity("callee"),
    onRequest: (request) => request.respond(request.body),
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

  const before = writes;
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, async () => {
      // Each of these is a callback of its own in one turn, as that of a readable socket is.
      await new Promise((resolve) => setImmediate(resolve));
      return client.call(echo, { deadlineMs: 2_000 }, "x").outcome;
    }),
  );

  assert.ok(outcomes.every(({ ok }) => ok));
  assert.equal(writes - before, 2);
});
