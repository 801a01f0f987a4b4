import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { divert } from "../../bench/failures/divert.ts";
import { tallyOf } from "../../bench/failures/load.ts";
import { failureTables } from "../../bench/failures/tables.ts";
import { openTunnel } from "../../bench/failures/tunnel.ts";

async function startEcho() {
  const server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

async function answers(socket: ReturnType<typeof connect>): Promise<boolean> {
  socket.write("x");
  const waited = new AbortController();
  const answered = once(socket, "data", { signal: waited.signal }).then(
    () => true,
    () => false,
  );
  const isAnswered = await Promise.race([answered, pause(200, false)]);
  waited.abort();
  return isAnswered;
}

test("a diverted connection runs through the tunnel; a silent one stays open and answers nothing; a new one works", async (t) => {
  const echo = await startEcho();
  const tunnel = await openTunnel(echo.port);
  const asked = 9; // the discard port: nobody listens there
  divert(asked, tunnel.port);
  const old = connect({ host: "127.0.0.1", port: asked });
  t.after(() => {
    old.destroy();
    echo.close();
  });
  assert.equal(await answers(old), true);
  tunnel.silence();
  assert.equal(await answers(old), false);
  assert.equal(old.destroyed, false);
  const other = connect(asked, "127.0.0.1");
  assert.equal(await answers(other), true);
  tunnel.close();
  await once(other, "close");
});

test("a call is answered, lost or hung, and in time only if it was answered within a second", () => {
  const tally = tallyOf([
    { end: "answered", tookMs: 5 },
    { end: "answered", tookMs: 1_500 },
    { end: "lost", tookMs: 1 },
    { end: "hung", tookMs: 10_002 },
  ]);
  assert.deepEqual(tally, { calls: 4, lost: 1, hung: 1, inTime: 1, p90Ms: 10_000, p99Ms: 10_000 });
});

test("the tables show what was lost, hung and done twice, and why a failure cannot happen", () => {
  const reads = { calls: 640, lost: 3, hung: 12, inTime: 624, p90Ms: 4, p99Ms: 10_000 };
  const writes = { calls: 160, lost: 0, hung: 0, inTime: 160, p90Ms: 4, p99Ms: 40 };
  const text = failureTables([
    { failure: "killed", peer: "A, all on", version: "1.2", reads, writes, writtenTwice: 2 },
    { failure: "killed", peer: "B", notApplicable: "it is immortal" },
  ]);
  assert.match(text, /A 1\.2, all on/);
  assert.match(text, /98\.0 %/);
  assert.match(text, /3 lost, 12 hung, 4 \/ 10,000 ms/);
  assert.match(text, /2 twice, 4 \/ 40 ms/);
  assert.match(text, /n\/a: it is immortal/);
});
