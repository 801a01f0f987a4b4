import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { until } from "../../support/until.ts";
import { startGateway, startOrigin } from "./support.ts";

const events = { "content-type": "text/event-stream" };

test("server-sent events pass one by one, and end with their client", async (t) => {
  const streams: ServerResponse[] = [];
  let closed = 0;
  const url = await startOrigin(t, (_request, response) => {
    streams.push(response);
    response.on("close", () => {
      closed += 1;
    });
    response.writeHead(200, events).write("data: 0\n\n");
  });
  const options = { compression: {} };
  const gateway = await startGateway(t, [{ path: "/*", upstream: url, auth: "public" }], options);
  const gone = new AbortController();
  const answer = await fetch(`${gateway.url}/events`, { signal: gone.signal });
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  const reader = answer.body?.getReader();
  for (let count = 0; count < 3; count += 1) {
    const { value } = (await reader?.read()) ?? {};
    assert.equal(new TextDecoder().decode(value), `data: ${count}\n\n`);
    streams[0]?.write(`data: ${count + 1}\n\n`);
  }
  gone.abort();
  await until("the server knows", () => closed === 1, 30_000);
});

test("events may be silent for as long as a route says, and then break off", async (t) => {
  const url = await startOrigin(t, (_request, response) => {
    response.writeHead(200, events).write("data: 0\n\n");
  });
  const route = { path: "/*", upstream: url, auth: "public", idleMs: 40 } as const;
  const gateway = await startGateway(t, [route]);
  await assert.rejects((await fetch(gateway.url)).text());
});

test("many streams of events keep nobody else from the server", async (t) => {
  const url = await startOrigin(t, (request, response) => {
    if (request.url === "/x") response.end("plain");
    else response.writeHead(200, events).write("data: 0\n\n");
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: url, auth: "public" }]);
  const gone = new AbortController();
  const { signal } = gone;
  // More than there are connections for ordinary requests.
  const opened = Array.from({ length: 270 }, () => fetch(`${gateway.url}/events`, { signal }));
  await Promise.all(opened);
  assert.equal(await (await fetch(`${gateway.url}/x`)).text(), "plain");
  gone.abort();
});
