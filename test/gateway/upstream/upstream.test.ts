import assert from "node:assert/strict";
import { test } from "node:test";
import { rawHttp } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";
import { startGateway, startLiar, startOrigin } from "./support.ts";

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

test("a request goes over anew, without what concerns the client's connection or could be forged", async (t) => {
  const liar = await startLiar(t, (socket) => socket.write(ok));
  const gateway = await startGateway(t, [{ path: "/old/*", upstream: liar.url, auth: "public" }]);
  const answer = await rawHttp(
    gateway.port,
    "GET /old/%61//b?q=%2F HTTP/1.1\r\nHost: shop.example\r\nConnection: x-secret, x-forwarded-for, close\r\nX-Secret: 1\r\n" +
      "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nTE: trailers\r\nKeep-Alive: 5\r\nCookie: a=1\r\nUpgrade: x\r\n\r\n",
  );
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
  const [head = ""] = liar.heads;
  assert.match(head, /^GET \/old\/a\/b\?q=%2F HTTP\/1.1\r\nhost: shop.example\r\n/);
  assert.match(head, /\r\ncookie: a=1/);
  assert.match(head, /\r\nx-forwarded-for: 127.0.0.1/);
  assert.match(head, /\r\nx-forwarded-host: shop.example/);
  assert.match(head, /\r\nvia: 1.1 dure/);
  assert.doesNotMatch(head, /6\.6\.6\.6|x-secret|keep-alive|upgrade|\r\nte:|connection/i);
  assert.equal(head.match(/x-forwarded-for/g)?.length, 1);
});

test("bodies stream both ways", async (t) => {
  const url = await startOrigin(t, (request, response) => {
    response.writeHead(201, { "content-type": "text/plain", "x-method": request.method ?? "" });
    request.pipe(response);
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: url, auth: "public" }]);
  const sent = Buffer.alloc(700_000, "0123456789");
  for (const body of [sent, new Blob([sent]).stream()]) {
    const answer = await fetch(`${gateway.url}/echo`, {
      method: "POST",
      body,
      duplex: "half",
    } as RequestInit);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("x-method"), "POST");
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(sent));
  }
});

test("lengths go over: of an answer that streams, and of one to HEAD", async (t) => {
  const url = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { "content-length": 300_000 }).end(Buffer.alloc(300_000, "x"));
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: url, auth: "public" }]);
  const whole = await fetch(gateway.url);
  assert.equal(whole.headers.get("content-length"), "300000");
  assert.equal((await whole.arrayBuffer()).byteLength, 300_000);
  const head = await fetch(gateway.url, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "300000");
});

test("one connection carries many requests", async (t) => {
  const connections = new Set<number>();
  const liar = await startLiar(t, (socket, _head, connection) => {
    connections.add(connection);
    socket.write(ok);
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: liar.url, auth: "public" }]);
  for (let count = 0; count < 10; count += 1)
    assert.equal(await (await fetch(gateway.url)).text(), "hi");
  assert.equal(connections.size, 1);
});

test("what was surely not sent goes to another address, whatever its method", async (t) => {
  const liar = await startLiar(t, (socket) => socket.write(ok));
  const upstream = ["http://127.0.0.1:1", liar.url];
  const gateway = await startGateway(t, [{ path: "/*", upstream, auth: "public" }]);
  for (let count = 0; count < 8; count += 1) {
    const answer = await fetch(gateway.url, { method: "POST", body: "x" });
    assert.equal(answer.status, 200);
    await answer.text();
  }
});

test("a request that may have been begun is repeated only if its method is idempotent", async (t) => {
  let requests = 0;
  const liar = await startLiar(t, (socket) => {
    requests += 1;
    if (requests % 2 === 1) socket.destroy();
    else socket.write(ok);
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: liar.url, auth: "public" }]);
  assert.equal((await fetch(gateway.url)).status, 200);
  assert.equal(requests, 2);
  assert.equal((await fetch(gateway.url, { method: "POST" })).status, 502);
  assert.equal(requests, 3);
});

test("an address that fails its checks gets no requests, until it passes one", async (t) => {
  let isWell = false;
  let served = 0;
  const first = await startOrigin(t, (request, response) => {
    if (request.url === "/health") response.writeHead(isWell ? 204 : 500).end();
    else {
      served += 1;
      response.end("first");
    }
  });
  const second = await startOrigin(t, (_request, response) => {
    response.end("second");
  });
  const gateway = await startGateway(t, [
    {
      path: "/*",
      upstream: [first, second],
      auth: "public",
      health: { path: "/health", everyMs: 10 },
    },
  ]);
  const ask = async () => (await fetch(gateway.url)).text();
  /** Whether the first one got none of many requests. */
  const isOut = async () => {
    const before = served;
    for (let count = 0; count < 20; count += 1) await ask();
    return served === before;
  };
  await until("the first one is out", isOut, 30_000);
  isWell = true;
  await until("it is back", async () => (await ask()) === "first", 30_000);
});

test("a client that goes ends the request at the upstream", async (t) => {
  let isClosed = false;
  let isAsked = false;
  const url = await startOrigin(t, (request, response) => {
    isAsked = true;
    response.write("begun");
    request.socket.on("close", () => {
      isClosed = true;
    });
  });
  const gateway = await startGateway(t, [{ path: "/*", upstream: url, auth: "public" }]);
  const gone = new AbortController();
  const answer = await fetch(gateway.url, { signal: gone.signal });
  assert.ok(isAsked);
  gone.abort();
  await answer.text().catch(() => {});
  await until("the upstream sees it", () => isClosed, 30_000);
});

test("an upstream that takes too long is 504, a body that is too large 413", async (t) => {
  const liar = await startLiar(t, () => {});
  const gateway = await startGateway(t, [
    { path: "/*", upstream: liar.url, auth: "public", deadlineMs: 50, bodyBytesMax: 10 },
  ]);
  const slow = await fetch(gateway.url);
  assert.equal(slow.status, 504);
  assert.equal(((await slow.json()) as { code: string }).code, "DEADLINE_EXCEEDED");
  const large = await fetch(gateway.url, { method: "POST", body: "x".repeat(11) });
  assert.equal(large.status, 413);
});

test("a server that is half dead, which takes requests and answers none, is left after a few", async (t) => {
  const dead = await startLiar(t, () => {});
  const well = await startOrigin(t, (_request, response) => {
    response.end("well");
  });
  const upstream = [dead.url, well];
  const gateway = await startGateway(t, [
    { path: "/*", upstream, auth: "public", deadlineMs: 50 },
    { path: "/well", upstream: well, auth: "public" },
  ]);
  let served = 0;
  // Five failures in a row take it out, for a second and more: then many in a row are served.
  await until("only the other one is asked", async () => {
    const { status } = await fetch(gateway.url);
    assert.ok(status === 200 || status === 504, `${status}`);
    served = status === 200 ? served + 1 : 0;
    return served >= 20;
  });
  assert.ok(dead.heads.length >= 5, `${dead.heads.length} requests`);
  assert.equal(await (await fetch(`${gateway.url}/well`)).text(), "well");
});

test("a route is closed unless it is public", async (t) => {
  const liar = await startLiar(t, (socket) => socket.write(ok));
  const gateway = await startGateway(t, [
    { path: "/open/*", upstream: liar.url, auth: "public" },
    { path: "/closed/*", upstream: liar.url },
  ]);
  const headers = { authorization: "Basic YTpi" };
  assert.equal((await fetch(`${gateway.url}/open/x`, { headers })).status, 200);
  assert.match(liar.heads[0] ?? "", /authorization: Basic YTpi/);
  assert.equal((await fetch(`${gateway.url}/closed/x`)).status, 401);
  assert.equal((await fetch(`${gateway.url}/other`)).status, 404);
  // The server could take it for the closed path.
  assert.equal((await fetch(`${gateway.url}/open%2F..%5Cclosed`)).status, 400);
  assert.equal((await fetch(`${gateway.url}/open/..%2Fclosed%2Fx`)).status, 400);
  assert.equal(liar.heads.length, 1);
});
