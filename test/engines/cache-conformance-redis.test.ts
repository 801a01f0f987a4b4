/**
 * The cache's tests of RFC 9111 and of purges once more, with answers in Redis. Those of the RFC have nothing in memory: each request comes
 * to a gateway that was just started.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createClient } from "@redis/client";
import { startPurgeLab } from "../gateway/cache/purge-lab.ts";
import { labs } from "../gateway/cache/support.ts";
import { until } from "../support/until.ts";
import { type OwnServer, startServer } from "./support/own-server.ts";
import { openRedis, redisServer } from "./support/redis-server.ts";

let server: OwnServer;
before(async () => {
  server = await startServer(redisServer);
});
beforeEach(async () => {
  const client = createClient({ url: `redis://127.0.0.1:${server.port}` });
  await client.connect();
  await client.sendCommand(["FLUSHALL"]);
  client.destroy();
});
after(() => server.close());

labs.redis = openRedis(() => server.port);
await import("../gateway/cache/rfc9111.test.ts");
await import("../gateway/cache/purges.test.ts");

test("a gateway that starts has what is shared, but for what events said while none ran", async (t) => {
  const { startGateway, startLog, rename, calls } = await startPurgeLab(t);
  await startLog();
  const first = await startGateway();
  await first.fill("/things/1");
  await rename(1, "renamed");
  const isSeen = async () => (await first.get("/things/1")).text.includes("renamed");
  await until("the log is followed", isSeen, 30_000);
  await first.fill("/things/1");
  await first.fill("/things/2");
  await first.close();
  await rename(2, "meanwhile");
  const before = calls();
  const later = await startGateway({ port: first.port });
  await until(
    "the event is heeded",
    async () => (await later.get("/things/2")).text.includes("meanwhile"),
    30_000,
  );
  const asked = calls() - before;
  assert.ok((await later.get("/things/1")).isHit);
  assert.equal(calls() - before, asked);
});
