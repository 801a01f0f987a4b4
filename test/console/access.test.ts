/** Who gets in, and who does not. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Console, createConsole, signInUrl } from "../../src/console/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { rawHttp } from "../support/raw-http.ts";
import { evil, secret, signedIn } from "./support/small-mesh.ts";

const folder = mkdtempSync(join(tmpdir(), "dure-console-"));
const pages = join(folder, "pages");
let node: MeshNode;
let running: Console;

before(async () => {
  mkdirSync(join(pages, "assets"), { recursive: true });
  writeFileSync(join(pages, "index.html"), "<!doctype html><title>console</title>");
  writeFileSync(join(pages, "assets", "main-1a2b.js"), "export {};");
  writeFileSync(join(pages, "assets", "main-1a2b.js.map"), "{}");
  writeFileSync(join(pages, "assets", "long-3c4d.js"), "export {};\n".repeat(1_000));
  node = await createNode({ name: "console", mesh: "test", distributors: [] });
  running = await createConsole(options());
});
after(async () => {
  await running.close();
  await node.close();
  rmSync(folder, { recursive: true });
});

const options = () => ({ node, secret, port: 0, dataFolder: join(folder, "data"), pages });
const session = { who: "tester", canOperate: true };
const tokenFor = (url: string, by = secret) =>
  new URL(signInUrl(url, by, session)).searchParams.get("token") ?? "";
const signIn = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${running.url}api/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ token }),
  });

test("without a bearer nothing is told, and nothing is done", async () => {
  for (const [method, path] of [
    ["GET", "session"],
    ["GET", "fleet"],
    ["GET", "audit"],
    ["POST", "calls"],
    ["POST", "processes/reload"],
    ["DELETE", "dead-letters/1"],
  ]) {
    const response = await fetch(`${running.url}api/${path}`, { method: method as string });
    assert.equal(response.status, 401, `${method} ${path}`);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

test("a token in a URL is good for one sign-in", async () => {
  const token = tokenFor(running.url);
  assert.equal(
    (await fetch(`${running.url}?token=${token}`)).status,
    200,
    "looking uses nothing up",
  );
  const first = await signIn(token);
  assert.equal(first.status, 200);
  const { bearer } = (await first.json()) as { bearer: string };
  const headers = { authorization: `Bearer ${bearer}` };
  assert.equal((await fetch(`${running.url}api/session`, { headers })).status, 200);
  const second = await signIn(token);
  assert.equal(second.status, 401);
  assert.deepEqual(((await second.json()) as any).data, { reason: "used" });
  const page = await fetch(`${running.url}?token=${token}`);
  assert.equal(page.status, 401);
  assert.match(await page.text(), /dure console/);
});

test("a used token stays used, and a session good, when the console is started again", async () => {
  const token = tokenFor(running.url);
  const { bearer } = (await (await signIn(token)).json()) as { bearer: string };
  await running.close();
  running = await createConsole(options());
  assert.equal((await signIn(token)).status, 401);
  const headers = { authorization: `Bearer ${bearer}` };
  assert.equal((await fetch(`${running.url}api/session`, { headers })).status, 200);
});

test("a wrong token is 401 with a page that says what to do, and soon 429", async () => {
  const wrong = `${running.url}?token=${tokenFor(running.url, "another secret")}`;
  const page = await fetch(wrong);
  assert.equal(page.status, 401);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(await page.text(), /dure console/);
  const statuses = new Set<number>();
  for (let count = 0; count < 15; count += 1) statuses.add((await fetch(wrong)).status);
  assert.deepEqual([...statuses], [401, 429]);
  assert.equal((await signIn("nonsense")).status, 429);
  assert.equal((await signIn(tokenFor(running.url))).status, 200, "a right one always passes");
});

test("a bearer is no sign-in token, and a sign-in token no bearer", async () => {
  const token = tokenFor(running.url);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(`${running.url}api/session`, { headers })).status, 401);
  const { bearer } = (await (await signIn(token)).json()) as { bearer: string };
  assert.notEqual((await signIn(bearer)).status, 200);
});

test("pages of another origin are refused, whatever they know", async () => {
  const token = tokenFor(running.url);
  for (const origin of ["https://evil.example", "null", "http://localhost:1"])
    assert.equal((await signIn(token, { origin })).status, 403, origin);
  const own = running.url.replace(/\/$/, "");
  assert.equal((await signIn(token, { origin: own })).status, 200);
});

test("a name that was made to point here is refused", async () => {
  for (const host of ["evil.example", `evil.example:${running.port}`, "127.0.0.1.evil.example"]) {
    const request = `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
    assert.match(await rawHttp(running.port, request), /^HTTP\/1\.1 421 /, host);
  }
  const request = `GET / HTTP/1.1\r\nhost: 127.0.0.1:${running.port}\r\nconnection: close\r\n\r\n`;
  assert.match(await rawHttp(running.port, request), /^HTTP\/1\.1 200 /);
});

test("whoever may only look changes nothing", async () => {
  const reader = await signedIn(running.url, false);
  assert.equal((await reader.session()).canOperate, false);
  for (const call of [
    () => reader.tryCall({ service: "books", operation: "get" }).result(),
    () => reader.reload({ names: [] }).result(),
    () => reader.scale({ kind: "books", count: 2 }).result(),
    () => reader.dropDeadLetter({ id: 1 }).result(),
    () => reader.retrySaga({ service: "a", id: "b" }).result(),
  ]) {
    const outcome = await call();
    assert.equal(!outcome.ok && outcome.error.code, "PERMISSION_DENIED");
  }
});

test("a console that only shows refuses operators too, and writes that down", async () => {
  const shown = await createConsole({ ...options(), readOnly: true, dataFolder: undefined });
  const client = await signedIn(shown.url, true);
  assert.equal((await client.session()).canOperate, false);
  const outcome = await client.reload({ names: ["books"] }).result();
  assert.equal(!outcome.ok && outcome.error.code, "PERMISSION_DENIED");
  const { items } = await client.audit({});
  assert.deepEqual([items[0]?.action, items[0]?.outcome], ["reload", "PERMISSION_DENIED"]);
  await shown.close();
});

test("the audit log is a file that only its owner reads", async () => {
  const path = join(folder, "data/console/audit.ndjson");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  assert.ok(lines.map((line) => JSON.parse(line)).some(({ action }) => action === "signIn"));
  assert.ok(!lines.join().includes(secret) && !lines.join().includes(evil));
});

test("a console that is started again shows what was done before, and goes on", async () => {
  const dataFolder = join(folder, "restarted");
  mkdirSync(join(dataFolder, "console"), { recursive: true });
  const entry = (id: number, action: string) =>
    JSON.stringify({ id, at: 1, who: "w", remoteAddress: "", action, target: "", outcome: "ok" });
  const path = join(dataFolder, "console/audit.ndjson");
  writeFileSync(`${path}.1`, `${entry(1, "first")}\n`);
  writeFileSync(path, `${entry(1, "second")}\n{"id":2,"at\n${entry(3, "third")}\n`);
  const again = await createConsole({ ...options(), dataFolder });
  const client = await signedIn(again.url, true);
  const { items } = await client.audit({});
  assert.deepEqual(
    items.map(({ action }) => action),
    ["signIn", "third", "second", "first"],
  );
  const { items: older } = await client.audit({ before: items[1]?.id as number });
  assert.deepEqual(older, items.slice(2));
  await again.close();
});

test("the pages are sent with types and with what keeps anything else from running", async () => {
  const page = await fetch(running.url);
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(page.headers.get("referrer-policy"), "no-referrer");
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const etag = page.headers.get("etag") ?? "";
  const again = await fetch(running.url, { headers: { "if-none-match": etag } });
  assert.equal(again.status, 304);
  const script = await fetch(`${running.url}assets/main-1a2b.js`);
  assert.match(script.headers.get("content-type") ?? "", /^text\/javascript/);
  assert.match(script.headers.get("cache-control") ?? "", /immutable/);
  const long = await fetch(`${running.url}assets/long-3c4d.js`, {
    headers: { "accept-encoding": "br" },
  });
  assert.equal(long.headers.get("content-encoding"), "br");
  assert.equal((await long.text()).length, 11_000);
  for (const name of ["main-1a2b.js.map", "..%2Findex.html", "index.html", "none.js"])
    assert.ok([400, 404].includes((await fetch(`${running.url}assets/${name}`)).status), name);
});

test("without its pages the console says how to build them", async () => {
  const bare = await createConsole({ ...options(), pages: join(folder, "none") });
  const page = await fetch(bare.url);
  assert.equal(page.status, 503);
  assert.match(await page.text(), /npm run build/);
  await bare.close();
});

test("beyond this machine it needs TLS, or somebody who says that it does not", async () => {
  const wide = { ...options(), host: "0.0.0.0" };
  await assert.rejects(createConsole(wide), { code: "FAILED_PRECONDITION" });
  const allowed = await createConsole({ ...wide, plainHttp: true, hosts: ["console.example"] });
  const request = "GET / HTTP/1.1\r\nhost: console.example\r\nconnection: close\r\n\r\n";
  assert.match(await rawHttp(allowed.port, request), /^HTTP\/1\.1 200 /);
  await allowed.close();
});

test("no operation of the project's services is reachable by the console's port", async () => {
  const listed = await (await fetch(`${running.url}openapi.json`)).json();
  const paths = Object.keys((listed as any).paths);
  assert.ok(
    paths.every((path) => path === "/" || /^\/(api|assets)\//.test(path)),
    paths.join(),
  );
});
