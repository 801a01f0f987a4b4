import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createDistributor } from "../../src/registry/index.ts";
import { FrameReader } from "../../src/wire/core/frame-reader.ts";
import { readFailure, readRequestHead, readResponse } from "../../src/wire/core/head.ts";
import { Client, Server } from "../../src/wire/index.ts";
import { generator, mutated, vectors } from "./support/mutations.ts";

const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const connections = 400;
const framesEach = 60;
const [hello, auth] = vectors as [Buffer, Buffer];
const mesh = "shop";
const healthyIdentity = { mesh, nodeId: "healthy", name: "healthy", incarnation: 1 };

test(`a million mutated frames in any pieces are read or refused (DURE_TEST_SEED=${seed})`, (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = generator(seed);
  const counts = { read: 0, refused: 0 };
  const isFrameError = (thrown: unknown) => {
    assert.equal((thrown as Error).constructor.name, "FrameError");
    counts.refused += 1;
  };
  const newReader = () =>
    new FrameReader(
      () => 192 * 1024,
      (frame) => {
        counts.read += 1;
        for (const readHead of [readRequestHead, readResponse, readFailure]) {
          try {
            readHead(frame);
          } catch (thrown) {
            isFrameError(thrown);
          }
        }
      },
    );
  let reader = newReader();
  for (let frames = 0; frames < 1_000_000; frames += 1) {
    const bytes = mutated(random);
    const cut = random(bytes.length + 1);
    try {
      reader.push(bytes.subarray(0, cut));
      reader.push(bytes.subarray(cut));
    } catch (thrown) {
      isFrameError(thrown);
      reader = newReader();
    }
  }
  const { read, refused } = counts;
  assert.ok(read > 50_000 && refused > 50_000, `${read} read, ${refused} refused`);
});

/** Throws connections full of mutated frames at a port; `isHealthy` is asked now and then whether others are still served. */
async function bombard(
  address: { readonly host: string; readonly port: number },
  isHealthy: (connection: number) => Promise<void>,
): Promise<void> {
  const random = generator(seed);
  for (let connection = 0; connection < connections; connection += 1) {
    const isGreeted = random(4) > 0;
    const bytes = Array.from({ length: framesEach }, () => mutated(random));
    await new Promise<void>((resolve) => {
      const socket = connect(address.port, address.host);
      socket.on("error", () => {}).on("close", () => resolve());
      socket.resume();
      socket.end(Buffer.concat(isGreeted ? [hello, auth, ...bytes] : bytes));
    });
    if (connection % 50 === 0) await isHealthy(connection);
  }
}

test(`mutated frames crash and hang no node (DURE_TEST_SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const identity = { mesh, nodeId: "products-1", name: "products", incarnation: 1 };
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity,
    onRequest: (request) => request.respond(request.body),
  });
  const address = await server.listen();
  const healthy = new Client({ address, identity: healthyIdentity });
  t.after(async () => {
    healthy.destroy();
    await server.close();
  });
  await healthy.connect();
  const ref = { service: "test", operation: "echo", contractHash: "" };
  await bombard(address, async (connection) => {
    const outcome = await healthy.call(ref, { deadlineMs: 2_000 }, "still here").outcome;
    assert.ok(outcome.ok, `after connection ${connection}`);
  });
  assert.equal(server.requestCount, 0, "no request is left behind");
});

test(`mutated frames crash and hang no Distributor (DURE_TEST_SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const distributor = await createDistributor({ mesh, port: 0 });
  // The node that the vectors' HELLO names as the one to talk to is another one, so this HELLO names nobody.
  const healthy = new Client({
    address: { host: "127.0.0.1", port: distributor.port },
    identity: healthyIdentity,
  });
  t.after(async () => {
    healthy.destroy();
    await distributor.close();
  });
  await healthy.connect();
  const lookup = { service: "distributor", operation: "lookup", contractHash: "" };
  await bombard({ host: "127.0.0.1", port: distributor.port }, async (connection) => {
    const outcome = await healthy.call(lookup, { deadlineMs: 2_000 }, "{}").outcome;
    assert.ok(outcome.ok, `after connection ${connection}`);
    assert.deepEqual(JSON.parse(Buffer.from(outcome.response.body).toString()).nodes, []);
  });
});

test("garbage, truncated, oversized and slow bytes on the Distributor's port end only their own connection", async () => {
  const distributor = await createDistributor({ mesh, port: 0 });
  const closed = (bytes: Buffer | string) =>
    new Promise<void>((resolve) => {
      const socket = connect(distributor.port, "127.0.0.1");
      socket.on("error", () => {}).on("close", () => resolve());
      socket.resume();
      socket.write(bytes);
    });
  const oversized = Buffer.alloc(12);
  oversized.writeUInt32BE(0x8000_0000 + 20_000_000, 0);
  await Promise.all([
    closed(Buffer.alloc(200_000, 0xff)),
    closed(oversized),
    closed(Buffer.concat([hello.subarray(0, 20)])),
    closed("GARBAGE\r\n\r\n"),
  ]);
  const client = new Client({
    address: { host: "127.0.0.1", port: distributor.port },
    identity: healthyIdentity,
  });
  await client.connect();
  client.destroy();
  await distributor.close();
});
