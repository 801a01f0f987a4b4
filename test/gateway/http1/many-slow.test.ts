import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { until } from "../../support/until.ts";
import { RawClient, startEngine, statuses } from "./support/engine.ts";

const clients = 1_000;
const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
/** Slow senders of a head, of a body, readers of a large answer, and those who say nothing at all. */
const kinds = ["head", "body", "reader", "silent"] as const;

interface Slow {
  readonly isClosed: () => boolean;
  readonly drip: () => void;
}

async function startSlow(port: number, kind: (typeof kinds)[number]): Promise<Slow> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let isClosed = false;
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
  });
  await once(socket, "connect");
  if (kind === "head") socket.write("GET / HTTP/1.1\r\nX: ");
  else if (kind === "body") socket.write(post);
  else if (kind === "reader") socket.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  if (kind !== "reader") socket.resume();
  return {
    // One that does not read learns of nothing: the engine says when it is cut off.
    isClosed: () => isClosed || kind === "reader",
    drip: () => {
      if (kind === "head" || kind === "body") socket.write("a");
      else if (kind === "reader") socket.read(100);
    },
  };
}

test("a thousand slow clients are cut off by rate while others are served on new and kept connections", async (t) => {
  const piece = Buffer.alloc(100_000);
  let readersCut = 0;
  const engine = await startEngine(
    t,
    async (exchange) => {
      if (exchange.rawTarget === "/large") {
        exchange.onAbort(() => {
          readersCut += 1;
        });
        const answer = exchange.stream(200, []);
        for (;;) await answer.write(piece);
      }
      const body = await exchange.body();
      exchange.answer(200, [], `${body.length};`);
    },
    {
      headMsMax: 3_000,
      pauseMsMax: 3_000,
      keepAliveMs: 3_000,
      bytesPerSecondMin: 20_000_000,
      lingerMs: 100,
    },
  );
  const slow = await Promise.all(
    Array.from({ length: clients }, (_, index) =>
      startSlow(engine.port, kinds[index % kinds.length] as (typeof kinds)[number]),
    ),
  );
  const kept = new RawClient(engine);
  let served = 0;
  await until(
    "every slow client is cut off",
    async () => {
      for (const { drip, isClosed } of slow) if (!isClosed()) drip();
      const fresh = await new RawClient(engine)
        .send(`${post}${"b".repeat(100)}`)
        .until(/\r\n\r\n100;$/);
      assert.deepEqual(statuses(fresh), [200]);
      kept.received = "";
      await kept.send(get).until(/\r\n\r\n0;$/);
      served += 2;
      return readersCut === clients / kinds.length && slow.every(({ isClosed }) => isClosed());
    },
    60_000,
  );
  kept.socket.destroy();
  t.diagnostic(`${served} requests were served meanwhile`);
});
