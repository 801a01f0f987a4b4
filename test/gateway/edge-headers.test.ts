import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, raw, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { rawHttp } from "../support/raw-http.ts";

const packages = contract("packages", {
  get: op({
    http: "GET /packages/:name",
    encodedSlashes: true,
    auth: "public",
    input: z.object({ name: z.string() }),
    output: z.string(),
  }),
  plain: op({
    http: "GET /plain/:name",
    auth: "public",
    input: z.object({ name: z.string() }),
    output: z.string(),
  }),
  seen: raw({ http: "GET /seen/*", encodedSlashes: true, auth: "public" }),
});

let node: MeshNode;
let gateway: Gateway;
before(async () => {
  node = await createNode({
    name: "packages",
    mesh: "test",
    distributors: [],
    services: [
      service(packages, ({ handle }) =>
        handle({
          get: ({ name }) => name,
          plain: ({ name }) => name,
          seen: (request) =>
            Response.json({ url: request.url, headers: [...request.headers] as unknown }),
        }),
      ),
    ],
  });
  gateway = await createGateway({ node, port: 0 });
});
after(async () => {
  await gateway.close();
  await node.close();
});

/** Status and parsed body of a request on a connection of its own. */
async function ask(target: string, ...headers: string[]): Promise<{ status: number; body: any }> {
  const lines = [`GET ${target} HTTP/1.1`, "Host: shop.example", "Connection: close", ...headers];
  const answer = await rawHttp(gateway.port, `${lines.join("\r\n")}\r\n\r\n`);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), body: JSON.parse(body) };
}

test("encoded slashes reach only routes that take them; dot segments and control characters none", async () => {
  for (const [target, status, body] of [
    ["/packages/@scope%2Fname", 200, "@scope/name"],
    ["/packages/a%5cb", 200, "a\\b"],
    ["/plain/@scope%2Fname", 400],
    ["/plain/a%5Cb", 400],
    ["/nowhere%2f", 400],
    ["/docs%2f", 400],
    ["/packages/a%2F..%2Fb", 400],
    ["/packages/..%5c..%5cetc", 400],
    ["/packages/%2e%2e%2fb", 400],
    ["/packages/a%00b", 400],
    ["/packages/a%0d%0ab", 400],
    ["/packages/a%2Fb/c", 400],
  ] as const) {
    const answer = await ask(target);
    assert.equal(answer.status, status, target);
    if (body !== undefined) assert.equal(answer.body, body);
  }
});

test("a raw operation sees the path that was routed, written one way", async () => {
  for (const [target, url] of [
    ["/seen//a///b", "http://shop.example/seen/a/b"],
    ["/seen/%61/%7Eb/", "http://shop.example/seen/a/~b/"],
    ["/seen/a%2fb?x=%2f", "http://shop.example/seen/a%2Fb?x=%2f"],
    ["http://shop.example/seen/%c3%a9", "http://shop.example/seen/%C3%A9"],
  ] as const)
    assert.equal((await ask(target)).body.url, url);
});

test("a client neither forges nor removes what the gateway says, and its connection's headers stay behind", async () => {
  const { body } = await ask(
    "/seen/x",
    "X-Request-Id: mine",
    "X-Forwarded-For: 1.1.1.1",
    "X_Forwarded_For: 1.1.1.1",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded_Proto: https",
    "Forwarded: for=1.1.1.1",
    "Keep-Alive: 1",
    "TE: trailers",
    "Proxy-Authorization: secret",
    "Connection: X-Secret, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id, , x-kept-not",
    "X-Secret: 1",
    "X-Kept-Not: 1",
    "X-Kept: 1",
  );
  assert.deepEqual(Object.fromEntries(body.headers), {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-kept": "1",
    "x-request-id": "mine",
    host: "shop.example",
  });
});

test("the bounds of connections are settings", async (t) => {
  const bounded = await createGateway({
    node,
    port: 0,
    limits: { headersMax: 2, requestsPerConnectionMax: 1 },
  });
  t.after(() => bounded.close());
  const get = "GET /healthz HTTP/1.1\r\nHost: a\r\n";
  assert.match(await rawHttp(bounded.port, `${get}X: 1\r\nY: 1\r\n\r\n`), /^HTTP\/1\.1 431 /);
  assert.match(
    await rawHttp(bounded.port, `${get}\r\n${get}\r\n`),
    /^HTTP\/1\.1 200 (?![\s\S]*HTTP\/1\.1)/,
  );
});

test("compression is a setting", async (t) => {
  const compressing = await createGateway({ node, port: 0, compression: { bytesMin: 10 } });
  t.after(() => compressing.close());
  const headers = { "accept-encoding": "br" };
  const answer = async ({ url }: Gateway) =>
    (await fetch(`${url}/openapi.json`, { headers })).headers.get("content-encoding");
  assert.deepEqual([await answer(compressing), await answer(gateway)], ["br", null]);
});
