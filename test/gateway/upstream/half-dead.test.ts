import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { until } from "../../support/until.ts";
import { startGateway, startLiar, startOrigin } from "./support.ts";

/** More than one address takes and lets wait: 256 connections, 1,024 requests behind them. */
const clients = 1_400;

test("a server that takes requests and answers none holds up nobody but who wants it; beyond its bounds that is 503 at once", async (t) => {
  const taken = new Set<Socket>();
  const dead = await startLiar(t, (socket) => taken.add(socket));
  const live = await startOrigin(t, (_request, response) => response.end("here"));
  const gateway = await startGateway(t, [
    { path: "/dead", upstream: dead.url, auth: "public" },
    { path: "/live", upstream: live, auth: "public" },
  ]);
  const gone = new AbortController();
  let refused = 0;
  const waiting = Array.from({ length: clients }, async () => {
    const { signal } = gone;
    const answer = await fetch(`${gateway.url}/dead`, { method: "POST", signal }).catch(
      () => undefined,
    );
    if (answer?.status === 503) refused += 1;
    await answer?.body?.cancel();
  });
  await until("its bounds are reached", () => taken.size === 256 && refused > 0, 60_000);
  for (let count = 0; count < 20; count += 1)
    assert.equal(await (await fetch(`${gateway.url}/live`)).text(), "here");
  gone.abort();
  await Promise.all(waiting);
});

test("a server that is gone is 502 at once, one that is slow 504 at its deadline, and each is asked again when it is well", async (t) => {
  let delay = Promise.resolve();
  const server = await startOrigin(t, async (_request, response) => {
    await delay;
    response.end("well");
  });
  const nowhere = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => nowhere.once("listening", resolve));
  const { port } = nowhere.address() as { port: number };
  await new Promise((resolve) => nowhere.close(resolve));
  const gateway = await startGateway(t, [
    { path: "/gone", upstream: `http://127.0.0.1:${port}`, auth: "public" },
    { path: "/slow", upstream: server, auth: "public", deadlineMs: 100 },
  ]);
  const statusOf = async (path: string) => (await fetch(gateway.url + path)).status;
  assert.equal(await statusOf("/gone"), 502);
  const { promise, resolve } = Promise.withResolvers<void>();
  delay = promise;
  assert.equal(await statusOf("/slow"), 504);
  resolve();
  await until("it is asked again", async () => (await statusOf("/slow")) === 200);
  const again = createServer((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 204 No Content\r\n\r\n"));
  }).listen(port, "127.0.0.1");
  t.after(() => again.close());
  await until("it is back", async () => (await statusOf("/gone")) === 204);
});
