import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { type TestContext, test } from "node:test";
import type { Gateway, RouteSection } from "../../../src/gateway/index.ts";
import { createGateway } from "../../../src/gateway/index.ts";
import { contract, op, service } from "../../../src/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { until } from "../../support/until.ts";
import { startGateway, startOrigin } from "./support.ts";

interface Got {
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
  readonly type: string | undefined;
  readonly vary: string | undefined;
}

/** Asks with any `Host`, which `fetch` would set itself. */
function ask(
  { port }: Gateway,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, headers, agent: false } as const;
    const request = httpRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => {
        const cookie = response.headers["set-cookie"]?.[0];
        const type = response.headers["content-type"];
        const { vary } = response.headers;
        resolve({ status: response.statusCode ?? 0, text, cookie, type, vary });
      });
    });
    request.on("error", reject).end();
  });
}

/** Servers that answer with their names. */
async function origins<Name extends string>(
  t: TestContext,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  const urls: [Name, string][] = [];
  for (const name of names) {
    const url = await startOrigin(t, (_request, response) => {
      response.setHeader("cache-control", "max-age=60").end(name);
    });
    urls.push([name, url]);
  }
  return Object.fromEntries(urls) as Record<Name, string>;
}

const open = { auth: "public" } as const;

test("the most particular conditions win, then the most particular path; contracts stand between", async (t) => {
  const names = ["any", "exact", "wild", "beta", "deep"] as const;
  const { any, exact, wild, beta, deep } = await origins(t, names);
  const own = contract("own", { get: op({ http: "GET /own", ...open }) });
  const node = await createNode({
    ...{ name: "gateway", mesh: "test", distributors: [] },
    services: [service(own, ({ handle }) => handle({ get: () => {} }))],
  });
  const routes: RouteSection[] = [
    { path: "/*", upstream: any, ...open },
    { path: "/deep/*", upstream: deep, ...open },
    { path: "/*", upstream: wild, host: "*.shop.example", ...open },
    { path: "/*", upstream: exact, host: "Www.Shop.Example", ...open },
    { path: "/*", upstream: beta, host: "www.shop.example", headers: { "X-Beta": "1" }, ...open },
  ];
  const gateway = await createGateway({ node, port: 0, routes });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  for (const [host, path, headers, text] of [
    ["other.example", "/x", {}, "any"],
    ["other.example", "/deep/x", {}, "deep"],
    ["a.shop.example:8080", "/deep/x", {}, "wild"],
    ["shop.example", "/x", {}, "any"],
    ["www.SHOP.example", "/x", {}, "exact"],
    ["www.shop.example", "/x", { "x-beta": "1" }, "beta"],
    ["www.shop.example", "/x", { "x-beta": "2" }, "exact"],
    ["www.shop.example", "/own", {}, "exact"],
    ["other.example", "/own", {}, ""],
  ] as const)
    assert.equal((await ask(gateway, path, { host, ...headers })).text, text, `${host}${path}`);
});

test("versions get their shares, and each has its own answers in the cache", async (t) => {
  const { stable, next } = await origins(t, ["stable", "next"]);
  const upstream = { stable: { urls: stable, weight: 80 }, next: { urls: [next], weight: 20 } };
  const route = { path: "/*", upstream, cache: true, ...open } as const;
  const gateway = await startGateway(t, [route]);
  let count = 0;
  for (let round = 0; round < 500; round += 1)
    if ((await ask(gateway, "/x")).text === "next") count += 1;
  // Twenty in a hundred; less than 1 in 10^9 runs is outside of this.
  assert.ok(count > 45 && count < 165, `${count} of 500`);
});

test("a client comes to the same version and address again: by cookie, header or address", async (t) => {
  const names = ["a", "b", "c", "d"] as const;
  const urls = await origins(t, names);
  const upstream = {
    one: { urls: [urls.a, urls.b], weight: 50 },
    two: { urls: [urls.c, urls.d], weight: 50 },
  };
  const gateway = await startGateway(t, [
    { path: "/cookie", upstream, sticky: { cookie: "version" }, ...open },
    { path: "/header", upstream, sticky: { header: "X-User" }, ...open },
    { path: "/ip", upstream, sticky: { ip: true }, ...open },
  ]);
  const seen = new Set<string>();
  for (let client = 0; client < 40; client += 1) {
    const first = await ask(gateway, "/cookie");
    assert.match(first.cookie ?? "", /^version=[0-9a-z]{8}; Path=\/; HttpOnly; SameSite=Lax$/);
    const cookie = `x=1; ${first.cookie?.split(";")[0]}`;
    const again = await ask(gateway, "/cookie", { cookie });
    assert.deepEqual([again.text, again.cookie], [first.text, undefined]);
    const user = { "x-user": `user ${client}` };
    assert.equal(
      (await ask(gateway, "/header", user)).text,
      (await ask(gateway, "/header", user)).text,
    );
    seen.add(first.text);
  }
  assert.equal(seen.size, 4);
  const byAddress = await Promise.all(Array.from({ length: 10 }, () => ask(gateway, "/ip")));
  assert.equal(new Set(byAddress.map(({ text }) => text)).size, 1);
  // What was not made here is no mark.
  assert.ok((await ask(gateway, "/cookie", { cookie: "version=<script>" })).cookie);
});

test("answers tell in Vary which headers chose their route or version", async (t) => {
  const { any, beta, gold } = await origins(t, ["any", "beta", "gold"]);
  const upstream = { a: { urls: any, weight: 1 }, b: { urls: beta, weight: 1 } };
  const gateway = await startGateway(t, [
    { path: "/*", upstream: any, ...open },
    { path: "/x/*", upstream: beta, headers: { "X-Beta": "1" }, ...open },
    { path: "/x/*", upstream: gold, host: "a.example", headers: { "x-tier": "gold" }, ...open },
    { path: "/by-user", upstream, sticky: { header: "X-User" }, ...open },
    { path: "/by-cookie", upstream, sticky: { cookie: "version" }, ...open },
  ]);
  const varyOf = async (path: string, headers = {}) => (await ask(gateway, path, headers)).vary;
  assert.equal(await varyOf("/x/y"), "x-beta");
  assert.equal(await varyOf("/x/y", { "x-beta": "1" }), "x-beta");
  assert.match(
    (await varyOf("/x/y", { host: "a.example" })) ?? "",
    /^x-(beta|tier), x-(beta|tier)$/,
  );
  assert.equal(await varyOf("/y"), undefined);
  assert.equal(await varyOf("/by-user"), "x-user");
  assert.equal(await varyOf("/by-cookie"), "cookie");
});

test("a mirror gets a copy, and what it does changes nothing", async (t) => {
  const copies: string[] = [];
  const mirror = await startOrigin(t, (request, response) => {
    copies.push(`${request.method} ${request.url}`);
    response.writeHead(500).end();
  });
  const { real } = await origins(t, ["real"]);
  const gateway = await startGateway(t, [
    { path: "/a/*", upstream: real, mirror, ...open },
    { path: "/b/*", upstream: real, mirror: "http://127.0.0.1:1", ...open },
  ]);
  assert.equal((await ask(gateway, "/a/x?y=z")).text, "real");
  assert.equal((await ask(gateway, "/b/x")).text, "real");
  await until("the copy arrives", () => copies.includes("GET /a/x?y=z"), 30_000);
});

test("where no server answers, the fallback does", async (t) => {
  const upstream = "http://127.0.0.1:1";
  const gateway = await startGateway(t, [
    { path: "/page", upstream, fallback: { body: "<h1>soon</h1>" }, ...open },
    {
      path: "/list",
      upstream,
      fallback: { body: "[]", status: 200, contentType: "application/json" },
      ...open,
    },
  ]);
  const page = await ask(gateway, "/page");
  assert.deepEqual(
    [page.status, page.text, page.type],
    [503, "<h1>soon</h1>", "text/html; charset=utf-8"],
  );
  const list = await ask(gateway, "/list");
  assert.deepEqual([list.status, list.text, list.type], [200, "[]", "application/json"]);
});
