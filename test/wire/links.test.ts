import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { filesOf, initAuthority } from "../../src/certs/index.ts";
import { TraceContext } from "../../src/telemetry/index.ts";
import {
  Client,
  createMemoryNetwork,
  createTlsTransport,
  type IncomingRequest,
  Server,
  type ServerOptions,
  StreamFailure,
  type Transport,
  tcpTransport,
} from "../../src/wire/index.ts";
import { until } from "../support/until.ts";

const identity = (nodeId: string) => ({ mesh: "test", nodeId, name: nodeId, incarnation: 1 });
const echo = { service: "test", operation: "echo", contractHash: "" };
const head = { deadlineMs: 2_000 };
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** A server that echoes unless told otherwise, and a client connected to it; both end with the test. */
async function pair(
  transport: Transport,
  options: {
    onRequest?: (request: IncomingRequest) => void;
    server?: Partial<ServerOptions>;
    token?: string;
  } = {},
) {
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity: identity("callee"),
    transport,
    onRequest: options.onRequest ?? ((request) => request.respond(request.body)),
    ...(options.token ? { token: options.token } : {}),
    ...options.server,
  });
  const address = await server.listen();
  const client = new Client({
    address,
    identity: identity("caller"),
    transport,
    token: options.token,
  });
  const close = async () => {
    client.destroy();
    await server.close();
  };
  return { server, client, address, close };
}

const certificates = mkdtempSync(join(tmpdir(), "dure-certs-"));
await (await initAuthority(certificates, "test")).issue({
  name: "callee",
  services: ["caller", "reader", "other"],
});
const underTls = await createTlsTransport(filesOf(certificates, "callee"));
after(() => {
  underTls.close();
  rmSync(certificates, { recursive: true });
});

for (const [name, makeTransport] of [
  ["tcp", () => tcpTransport],
  ["tls", () => underTls],
  ["memory", () => createMemoryNetwork()],
] as const) {
  describe(`a link over ${name}`, () => {
    test("carries many calls at once, each with its own answer", async () => {
      const { client, close } = await pair(makeTransport());
      await client.connect();
      const outcomes = await Promise.all(
        Array.from(
          { length: 300 },
          (_, index) => client.call(echo, head, `"${index} ä 두레"`).outcome,
        ),
      );
      outcomes.forEach((outcome, index) => {
        assert.ok(outcome.ok);
        assert.equal(text(outcome.response.body), `"${index} ä 두레"`);
      });
      assert.equal(client.pendingCount, 0);
      await close();
    });

    test("carries every field of the head", async () => {
      let seen: unknown;
      const { client, close } = await pair(makeTransport(), {
        onRequest: (request) => {
          seen = request.head;
          request.respond("{}", { status: 201, headers: '[["a","b"]]', load: 7 });
        },
      });
      await client.connect();
      const full = {
        deadlineMs: 1_500,
        trace: TraceContext.parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        params: '{"id":"7"}',
        principal: '{"subject":"kim"}',
        idempotencyKey: "k-1",
        priority: 2,
        attempt: 1,
        retriesLeft: 2,
        routingKey: "kim",
        baggage: '{"tenant":"t"}',
        http: '{"method":"GET"}',
      };
      const outcome = await client.call(echo, full, "").outcome;
      assert.deepEqual(seen, full);
      assert.ok(outcome.ok);
      const { status, headers, load } = outcome.response;
      assert.deepEqual({ status, headers, load }, { status: 201, headers: '[["a","b"]]', load: 7 });
      await close();
    });

    test("a large message arrives whole while small ones pass it", async () => {
      const { client, close } = await pair(makeTransport());
      await client.connect();
      const large = Buffer.alloc(3_500_000, "x");
      const order: string[] = [];
      const big = client.call(echo, { deadlineMs: 20_000 }, large).outcome.then((outcome) => {
        order.push("large");
        return outcome;
      });
      const small = await client.call(echo, head, "1").outcome;
      order.push("small");
      const outcome = await big;
      assert.ok(small.ok && outcome.ok);
      assert.equal(Buffer.compare(outcome.response.body, large), 0);
      assert.deepEqual(order, ["small", "large"]);
      await close();
    });

    test("an oversized message is refused by itself, naming size and limit, and the link lives on", async () => {
      const { client, close } = await pair(makeTransport(), {
        onRequest: (request) =>
          request.body.length === 0
            ? request.respond(Buffer.alloc(2_000_000))
            : request.respond("ok"),
        server: { limits: { messageBytesMax: 1_000_000 } },
      });
      await client.connect();
      const request = await client.call(echo, head, Buffer.alloc(1_000_001)).outcome;
      assert.ok(!request.ok);
      assert.equal(request.failure.code, "RESOURCE_EXHAUSTED");
      assert.equal(request.failure.sent, "no");
      assert.match(request.failure.message, /1000001 bytes; the limit is 1000000/);
      const answer = await client.call(echo, head, "").outcome;
      assert.ok(!answer.ok && answer.failure.code === "RESOURCE_EXHAUSTED");
      const after = await client.call(echo, head, "x").outcome;
      assert.ok(after.ok);
      await close();
    });

    test("a call that is never answered ends at its deadline and the callee is told", async () => {
      let cancelled = 0;
      const { client, close } = await pair(makeTransport(), {
        onRequest: (request) => request.onCancel(() => (cancelled += 1)),
      });
      await client.connect();
      const outcome = await client.call(echo, { deadlineMs: 60 }, "").outcome;
      assert.ok(!outcome.ok);
      assert.equal(outcome.failure.code, "DEADLINE_EXCEEDED");
      assert.equal(outcome.failure.sent, "unknown");
      await until("the callee learns of it", () => cancelled === 1);
      await close();
    });

    test("cancelling a call reaches the callee", async () => {
      const requests: IncomingRequest[] = [];
      const { client, close } = await pair(makeTransport(), {
        onRequest: (request) => requests.push(request),
      });
      await client.connect();
      const call = client.call(echo, head, "");
      await until("the request arrives", () => requests.length === 1);
      call.cancel();
      const outcome = await call.outcome;
      assert.ok(!outcome.ok && outcome.failure.code === "CANCELLED");
      await until("the request is cancelled", () => requests[0]?.isCancelled);
      await close();
    });

    test("a slow reader of an endless stream holds the writer back; breaking out stops it", async () => {
      let written = 0;
      let stopped = false;
      const { client, close } = await pair(makeTransport(), {
        onRequest: async (request) => {
          const stream = request.stream();
          try {
            for (;;) {
              await stream.write(Buffer.alloc(10_000));
              written += 1;
            }
          } catch {
            stopped = true;
          }
        },
      });
      await client.connect();
      const stream = client.openStream(echo, head, "");
      let read = 0;
      for await (const message of stream) {
        assert.equal(message.length, 10_000);
        read += 1;
        if (read === 5) {
          await until("the writer fills the window", () => written >= 20);
          const before = written;
          await client.ping();
          await client.ping();
          assert.ok(written < 60, `${written} written, 5 read`);
          assert.ok(before <= written);
        }
        if (read === 100) break;
      }
      await until("the writer is stopped", () => stopped);
      await close();
    });

    test("streams that nobody reads share the link's credit, and calls pass them", async () => {
      const credit = 1024 * 1024;
      const limits = { linkCreditBytes: credit };
      let leftBytes = 0;
      const item = "x".repeat(10_000);
      const transport = makeTransport();
      const { address, close } = await pair(transport, {
        server: { limits },
        onRequest: (request) => {
          if (text(request.body) === "call") return request.respond("answer");
          const out = request.stream();
          const write = (): Promise<void> =>
            out.write(item).then(() => {
              leftBytes += item.length;
              return write();
            });
          write().catch(() => {});
        },
      });
      const reader = new Client({
        address,
        identity: identity("reader"),
        transport,
        limits,
      });
      await reader.connect();
      const streams = Array.from({ length: 20 }, () => reader.openStream(echo, head, ""));
      let former = -1;
      await until("nothing more leaves", () => {
        const isStill = leftBytes > 0 && former === leftBytes;
        former = leftBytes;
        return isStill;
      });
      assert.ok(leftBytes <= credit, `${leftBytes} bytes left`);
      const outcome = await reader.call(echo, head, "call").outcome;
      assert.ok(outcome.ok);
      // What is read, or given up, makes room again for the others.
      for (const stream of streams.slice(1)) stream.cancel();
      let read = 0;
      for await (const message of streams[0] as AsyncIterable<Uint8Array>) {
        read += message.length;
        if (read > 3 * credit) break;
      }
      reader.destroy();
      await close();
    });

    test("an error in the middle of a stream reaches the reader after what came before it", async () => {
      const { client, close } = await pair(makeTransport(), {
        onRequest: async (request) => {
          const stream = request.stream();
          await stream.write("1");
          await stream.write("2");
          stream.fail({ code: "DATA_LOSS", message: "the disk is gone", isStarted: true });
        },
      });
      await client.connect();
      const seen: string[] = [];
      await assert.rejects(
        async () => {
          for await (const message of client.openStream(echo, head, "")) seen.push(text(message));
        },
        (error) => error instanceof StreamFailure && error.failure.code === "DATA_LOSS",
      );
      assert.deepEqual(seen, ["1", "2"]);
      await close();
    });

    test("draining takes all that was sent, answers it, and refuses nothing silently", async () => {
      const requests: IncomingRequest[] = [];
      const { client, server, close } = await pair(makeTransport(), {
        onRequest: (request) => requests.push(request),
      });
      await client.connect();
      const calls = Array.from({ length: 20 }, () => client.call(echo, head, "x"));
      const draining = server.drain();
      await until("all requests are taken", () => requests.length === 20);
      await until("the client knows", () => client.state === "draining");
      const late = await client.call(echo, head, "late").outcome;
      assert.ok(!late.ok && late.failure.sent === "no");
      for (const request of requests) request.respond("done");
      const outcomes = await Promise.all(calls.map((call) => call.outcome));
      assert.ok(outcomes.every((outcome) => outcome.ok));
      await draining;
      await until("the link is closed", () => client.state === "closed");
      await close();
    });

    test("a lost link fails its pending calls as unknown, later ones as never sent", async () => {
      const requests: IncomingRequest[] = [];
      const { client, server, close } = await pair(makeTransport(), {
        onRequest: (request) => requests.push(request),
      });
      await client.connect();
      const call = client.call(echo, head, "");
      await until("the request arrives", () => requests.length === 1);
      await server.close();
      const outcome = await call.outcome;
      assert.ok(
        !outcome.ok && outcome.failure.code === "UNAVAILABLE" && outcome.failure.sent === "unknown",
      );
      const next = await client.call(echo, head, "").outcome;
      assert.ok(!next.ok && next.failure.sent === "no");
      await close();
    });

    test("the token must be the same on both sides and is told apart from none", async () => {
      const transport = makeTransport();
      const { client, address, close } = await pair(transport, { token: "right" });
      assert.equal((await client.connect()).nodeId, "callee");
      for (const [token, why] of [
        ["wrong", /UNAUTHENTICATED|does not know this mesh's token/],
        [undefined, /none was given/],
      ] as const) {
        const other = new Client({ address, identity: identity("other"), transport, token });
        await assert.rejects(other.connect(), why);
      }
      await close();
    });

    test("another mesh, another node at the address, and nobody there are refused with the reason", async () => {
      const transport = makeTransport();
      const { address, close } = await pair(transport);
      const stranger = new Client({
        address,
        identity: { ...identity("x"), mesh: "other" },
        transport,
      });
      await assert.rejects(stranger.connect(), /belongs to the mesh/);
      const mistaken = new Client({
        address,
        identity: identity("x"),
        transport,
        expectNodeId: "former",
      });
      await assert.rejects(mistaken.connect(), /former/);
      await close();
      const late = new Client({ address, identity: identity("x"), transport });
      await assert.rejects(late.connect(), { code: "UNAVAILABLE" });
    });
  });
}

test("a frozen peer becomes suspect while a call waits, and alive again by its first byte", async () => {
  const network = createMemoryNetwork();
  const { client, address, close } = await pair(network);
  await client.connect();
  network.blackhole(address.port);
  const call = client.call(echo, head, "x");
  await until("it is suspect", () => client.state === "suspect");
  network.heal(address.port);
  const outcome = await call.outcome;
  assert.ok(outcome.ok, "the call itself was never given up");
  assert.equal(client.state, "ready");
  await close();
});

test("a peer that breaks the protocol is told why and cut off; others are not touched", async () => {
  const { client, address, close } = await pair(tcpTransport);
  await client.connect();
  const cases: [string, Buffer][] = [
    ["garbage", Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3])],
    ["an oversized frame before the handshake", Buffer.from("8000ffff", "hex")],
    ["a request before the handshake", Buffer.from("8000000804000000000100000000", "hex")],
    ["fields past the end", Buffer.from("8000000801000000000000ff0000", "hex")],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ];
  for (const [name, bytes] of cases) {
    const socket = connect(address.port, address.host);
    let received = Buffer.alloc(0);
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("data", (chunk) => (received = Buffer.concat([received, chunk])));
    socket.on("error", () => {});
    socket.write(bytes);
    await closed;
    if (name !== "HTTP") assert.equal(received[4], 14, `${name}: GOAWAY expected`);
  }
  const outcome = await client.call(echo, head, "still here").outcome;
  assert.ok(outcome.ok);
  await close();
});

test("a dialler that says nothing, or speaks too slowly, is cut off", async () => {
  const { address, close } = await pair(tcpTransport, {
    server: { limits: { handshakeMsMax: 100 } },
  });
  for (const first of ["", "80"]) {
    const socket = connect(address.port, address.host);
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {}).resume();
    if (first) socket.write(Buffer.from(first, "hex"));
    await closed;
  }
  await close();
});

test("listening beyond loopback without a token is refused with the reason", async () => {
  const server = new Server({
    host: "0.0.0.0",
    port: 0,
    identity: identity("x"),
    onRequest: () => {},
  });
  await assert.rejects(server.listen(), /refusing to listen on 0.0.0.0 without a token/);
});
