import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { createGateway, type GatewayOptions } from "../../src/gateway/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode } from "../../src/mesh/index.ts";

const own = contract("own", { get: op({ http: "GET /own.txt", auth: "public" }) });
const large = "0123456789abcdef".repeat(200_000);

/** A folder of pages, and what must never be seen beside it and in it. */
function pages(t: TestContext): string {
  const top = mkdtempSync(join(tmpdir(), "dure-files-"));
  t.after(() => rmSync(top, { recursive: true }));
  const folder = join(top, "web");
  for (const path of ["web/assets", "web/.git", "web/deep", "web-private"])
    mkdirSync(join(top, path), { recursive: true });
  const files = {
    "web/index.html": "<!doctype html><title>home</title>",
    "web/assets/app-1a2b.js": "let words = 1;".repeat(200),
    "web/deep/index.html": "deep",
    "web/own.txt": "a file",
    "web/두레.svg": "<svg/>",
    "web/large.bin": large,
    "web/.env": "SECRET",
    "web/.git/config": "SECRET",
    "web-private/secret.txt": "SECRET",
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(top, path), text);
  symlinkSync(join(top, "web-private/secret.txt"), join(folder, "leak.txt"));
  symlinkSync(join(top, "web-private"), join(folder, "leak"));
  symlinkSync("own.txt", join(folder, "alias.txt"));
  return folder;
}

async function start(t: TestContext, options: Omit<GatewayOptions, "node">) {
  const node = await createNode({
    ...{ name: "gateway", mesh: "test", distributors: [] },
    services: [service(own, ({ handle }) => handle({ get: () => {} }))],
  });
  const gateway = await createGateway({ node, port: 0, ...options });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  return gateway;
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
}

/** Sends the path as it is written, which `fetch` does not. */
function ask(
  port: number,
  path: string,
  { method = "GET", ...headers }: Record<string, string> = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, headers, agent: false } as const;
    const request = httpRequest(options, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject).on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, bytes: Buffer.concat(pieces) });
      });
    });
    request.on("error", reject).end();
  });
}

test("files answer where no contract does, with their types, and are not sent again while they are the same", async (t) => {
  const { port } = await start(t, {
    files: [
      {
        folder: pages(t),
        immutable: "assets",
        headers: { "Content-Security-Policy": "default-src 'self'" },
      },
    ],
  });
  for (const [path, type, cache] of [
    ["/", "text/html; charset=utf-8", "no-cache"],
    ["/index.html", "text/html; charset=utf-8", "no-cache"],
    ["/deep/", "text/html; charset=utf-8", "no-cache"],
    ["/assets/app-1a2b.js", "text/javascript; charset=utf-8", /immutable/],
    ["/%EB%91%90%EB%A0%88.svg", "image/svg+xml", "no-cache"],
    ["/alias.txt", "text/plain; charset=utf-8", "no-cache"],
  ] as const) {
    const { status, headers } = await ask(port, path);
    assert.equal(status, 200, path);
    assert.equal(headers["content-type"], type);
    assert.match(String(headers["cache-control"]), new RegExp(cache));
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["content-security-policy"], "default-src 'self'");
    const known = await ask(port, path, { "if-none-match": `"other", W/${headers.etag}` });
    assert.deepEqual([known.status, known.bytes.length], [304, 0]);
    assert.equal(known.headers.etag, headers.etag);
    assert.equal((await ask(port, path, { "if-none-match": '"other"' })).status, 200);
  }
  assert.equal((await ask(port, "/own.txt")).status, 204, "the contract's path");
  const head = await ask(port, "/large.bin", { method: "HEAD" });
  assert.deepEqual([head.headers["content-length"], head.bytes.length], [`${large.length}`, 0]);
  assert.equal((await ask(port, "/large.bin")).bytes.toString(), large);
  for (const path of ["/deep", "/nothing.js", "/assets/", "/index.html/x"])
    assert.equal((await ask(port, path)).status, 404, path);
  assert.equal((await ask(port, "/index.html", { method: "POST" })).status, 404);
});

test("nothing outside of the folder is seen, nor what begins with a dot", async (t) => {
  const folder = pages(t);
  const { port } = await start(t, { files: [{ folder, page: "index.html" }] });
  for (const path of [
    ...["/.env", "/.git/config", "/%2eenv", "/leak.txt", "/leak/secret.txt"],
    ...[
      "/../web-private/secret.txt",
      "/%2e%2e/web-private/secret.txt",
      "/..%2fweb-private/secret.txt",
    ],
    ...[
      "/assets/..%5c..%5cweb-private/secret.txt",
      "/%2fetc/passwd",
      "//etc/passwd",
      "/own.txt%00.html",
    ],
    ...["/deep/.", "/..;/web-private/secret.txt", `/${"x".repeat(300)}`],
  ]) {
    const { status, bytes } = await ask(port, path);
    assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    assert.doesNotMatch(bytes.toString(), /SECRET|root:/, path);
  }
});

test("an application's page answers browsers where nothing else does", async (t) => {
  const { port } = await start(t, {
    files: [
      { folder: pages(t), page: "index.html" },
      { folder: pages(t), at: "/static/" },
    ],
  });
  const browser = { accept: "text/html,application/xhtml+xml" };
  const page = await ask(port, "/shop/7", browser);
  assert.deepEqual([page.status, page.headers["cache-control"]], [200, "no-cache"]);
  assert.match(page.bytes.toString(), /<title>home/);
  assert.equal((await ask(port, "/shop/7", { accept: "application/json" })).status, 404);
  assert.equal((await ask(port, "/shop/7", { ...browser, method: "POST" })).status, 404);
  assert.equal((await ask(port, "/static/own.txt")).bytes.toString(), "a file");
  assert.match((await ask(port, "/docs", browser)).bytes.toString(), /API/, "the gateway's page");
});

test("files are compressed like other answers, and counted by rate limits", async (t) => {
  const { port } = await start(t, {
    files: [{ folder: pages(t) }],
    compression: {},
    rateLimits: [{ name: "files", by: "ip", requests: 3, perS: 3_600, operations: ["/*"] }],
  });
  const packed = await ask(port, "/assets/app-1a2b.js", { "accept-encoding": "br" });
  assert.equal(packed.headers["content-encoding"], "br");
  assert.match(brotliDecompressSync(packed.bytes).toString(), /^let words/);
  const { etag } = packed.headers;
  assert.equal(
    (await ask(port, "/assets/app-1a2b.js", { "if-none-match": `${etag}` })).status,
    304,
  );
  assert.equal((await ask(port, "/own.txt")).status, 204);
  assert.equal((await ask(port, "/")).status, 200);
  assert.equal((await ask(port, "/")).status, 429);
});

test("a folder may come later, and go", async (t) => {
  const folder = pages(t);
  const late = join(folder, "..", "late");
  const { port } = await start(t, { files: [{ folder: late }] });
  assert.equal((await ask(port, "/")).status, 404);
  symlinkSync(folder, late);
  assert.equal((await ask(port, "/")).status, 200);
  rmSync(late);
  assert.equal((await ask(port, "/")).status, 404);
});
