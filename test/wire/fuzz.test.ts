import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { Client, Server } from "../../src/wire/index.ts";

const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const connections = 400;
const framesEach = 60;

/** Marsaglia's xorshift32: a failure is replayed with DURE_TEST_SEED. */
function generator(start: number): (below: number) => number {
  let state = start || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const { frames } = JSON.parse(
  readFileSync(new URL("vectors/frames.json", import.meta.url), "utf8"),
);
const vectors: Buffer[] = frames.map(({ hex }: { hex: string }) => Buffer.from(hex, "hex"));
const [hello, auth] = vectors as [Buffer, Buffer];

/** A frame of the vectors, with some bytes, its length, its size fields or its order spoilt, or left as it is. */
function mutated(random: (below: number) => number): Buffer {
  const frame = Buffer.from(vectors[random(vectors.length)] as Buffer);
  switch (random(6)) {
    case 0:
      return frame;
    case 1:
      frame[random(frame.length)] = random(256);
      return frame;
    case 2:
      frame.writeUInt32BE((0x8000_0000 | random(300_000)) >>> 0, 0);
      return frame;
    case 3:
      frame.writeUInt16BE(random(65_536), 10);
      return frame;
    case 4:
      frame.writeUInt32BE(random(50) * 2 + 1, 6);
      return frame;
    default:
      return frame.subarray(0, random(frame.length));
  }
}

test(`mutated frames crash and hang nothing (DURE_TEST_SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = generator(seed);
  const identity = { mesh: "shop", nodeId: "products-1", name: "products", incarnation: 1 };
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    identity,
    onRequest: (request) => request.respond(request.body),
  });
  const address = await server.listen();
  const healthy = new Client({ address, identity: { ...identity, nodeId: "healthy" } });
  t.after(async () => {
    healthy.destroy();
    await server.close();
  });
  await healthy.connect();
  const ref = { service: "test", operation: "echo", contractHash: "" };
  for (let connection = 0; connection < connections; connection += 1) {
    const isGreeted = random(4) > 0;
    const bytes = Array.from({ length: framesEach }, () => mutated(random));
    await new Promise<void>((resolve) => {
      const socket = connect(address.port, address.host);
      socket.on("error", () => {}).on("close", () => resolve());
      socket.resume();
      socket.end(Buffer.concat(isGreeted ? [hello, auth, ...bytes] : bytes));
    });
    if (connection % 50 === 0) {
      const outcome = await healthy.call(ref, { deadlineMs: 2_000 }, "still here").outcome;
      assert.ok(outcome.ok, `after connection ${connection}`);
    }
  }
  assert.equal(server.requestCount, 0, "no request is left behind");
});
