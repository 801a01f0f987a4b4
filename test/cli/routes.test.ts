import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dure, root, start, stopCleanly, temporaryFolder } from "./support.ts";

const service = join(root, "test/cli/fixture/services/hello.ts");
const config = `export default {
  name: "fixture", services: {},
  gateway: { port: 0, routes: [
    { path: "/*", upstream: "http://10.0.0.1:80", auth: "public" },
    { path: "/*", host: "old.example", upstream: "http://10.0.0.2:80" },
    { path: "/new", headers: { "X-Beta": "1" },
      upstream: { a: { urls: "http://10.0.0.3:80", weight: 90 }, b: { urls: ["http://10.0.0.4:80"], weight: 10 } } },
    { path: "/old/*", upstream: "http://10.0.0.5:80", sticky: { cookie: "v" }, cache: true,
      fallback: { staleS: 60, body: "soon" }, mirror: "http://10.0.0.6:80" },
    { path: "/*", headers: { "x-canary": "1" }, versions: { "1": 5, "2": 95 }, sticky: { header: "X-User" } },
  ], files: [{ folder: "web/dist", at: "/static" }] },
};
`;

test("routes are listed, and why a request goes where it goes is said", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "dure.config.mjs"), config);
  const environment = { DURE_DATA: join(folder, ".dure") };
  const options = { cwd: folder, environment };
  const distributor = start(context, ["distributor"], options);
  await distributor.ready();
  const address = /127\.0\.0\.1:\d+/.exec(distributor.stdout())?.[0] ?? "";
  const serve = start(context, ["serve", service, "--join", address, "--slot", "hello-7"], {
    ...options,
    environment: { ...environment, HELLO__GREETING: "Ahoy" },
  });
  await serve.ready();
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await dure(
      context,
      ["routes", "--join", address, ...args],
      options,
    );
    assert.equal(code, 0, stderr);
    return stdout;
  };

  const list = JSON.parse(await run("--json"));
  assert.equal(list.at(-6).to, "http://10.0.0.1:80");
  const files = { method: "GET", path: "/static/*", to: "files of web/dist", auth: "public" };
  assert.deepEqual(list.at(-1), files);
  assert.deepEqual(list.at(-4), {
    ...{ method: "*", path: "/new x-beta: 1", auth: "required" },
    to: "a (90): http://10.0.0.3:80; b (10): http://10.0.0.4:80",
  });
  assert.deepEqual(list.at(-2), {
    ...{ method: "*", path: "/* x-canary: 1", auth: "" },
    to: "operations there: versions 1 (5), 2 (95); sticky by header X-User",
  });
  const greet = list.find(({ to }: { to: string }) => to === "hello.greet");
  assert.equal(greet.method, "GET");

  const path = greet.path.replace(/:\w+/, "Kim");
  const toHello = await run("--explain", `GET ${path}`);
  assert.match(toHello, /-> hello\.greet\n/);
  assert.match(toHello, /not old\.example\/\*: the host is not old\.example/);
  assert.match(toHello, /instances: hello-7/);
  const old = await run("--explain", `GET ${path}`, "--header", "Host: old.example");
  assert.match(old, /-> http:\/\/10\.0\.0\.2:80\n.*old\.example\/\* has conditions/s);
  assert.match(toHello, /depends on x-canary, which Vary tells/);
  const canary = await run("--explain", `GET ${path}`, "--header", "x-canary: 1");
  assert.match(canary, /\/\* x-canary: 1 says of it: versions 1 \(5\), 2 \(95\)/);
  const kept = await run("--explain", "GET /old/x");
  assert.match(kept, /sticky by cookie v\n\s+if nobody answers: a copy stale for 60 s, else 503/);
  assert.match(kept, /a copy goes to http:\/\/10\.0\.0\.6:80\n\s+answers are kept/);
  const other = await run("--explain", "post /else", "--header", "x-beta: 1");
  assert.match(other, /POST \/else -> http:\/\/10\.0\.0\.1:80\n.*no contract takes it/s);
  const style = await run("--explain", "GET /static/style.css");
  assert.match(style, /-> http:.*a file of web\/dist takes it, if there is one\n/s);
  assert.match(await run("--explain", "GET /healthz"), /the gateway itself/);

  const wrong = await dure(context, ["routes", "--explain", "/x"], options);
  assert.equal(wrong.code, 2);
  await stopCleanly(serve);
  await stopCleanly(distributor);
});
