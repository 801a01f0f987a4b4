import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, type Running, root, start, stopCleanly, temporaryFolder } from "./support.ts";

const app = join(root, "test/cli/fixture/cluster/legacy.mjs");
const token = "a token that all of the mesh know 0123456789";
const environment = { DURE_TOKEN: token };

async function startMesh(context: TestContext) {
  const cwd = temporaryFolder(context);
  const run = (...args: string[]) => start(context, args, { cwd, environment });
  const distributor = run("distributor", "--port", "0");
  await distributor.ready();
  const address = /at (\S+:\d+)/.exec(distributor.stdout())?.[1] ?? "";
  const gateway = run("gateway", "--port", "0", "--join", address);
  await gateway.ready();
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(gateway.stdout())?.[0] ?? "";
  return { run, cwd, distributor, address, gateway, url };
}

async function readyCluster(cluster: Running): Promise<void> {
  await until("it is ready", () => /^ready: legacy .*, joining/m.test(cluster.stdout()), 30_000);
}

interface Answer {
  readonly status: number;
  readonly name: string;
  readonly version: string;
  readonly body: string;
  readonly knowsToken: boolean;
  readonly mayCall: boolean;
  readonly cookie: string | null;
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${url}/legacy/who`, init);
  const { status, headers } = response;
  return { ...((await response.json()) as Answer), status, cookie: headers.get("set-cookie") };
}

test("a cluster is found by the gateway, also while it is reloaded and after it crashed, until it is stopped", async (context) => {
  const { run, cwd, distributor, address, gateway, url } = await startMesh(context);
  const version = join(cwd, "version");
  writeFileSync(version, "1");
  const urls = "GET /legacy/*,POST /legacy/*";
  const cluster = run(
    ...["cluster", "-i", "2", "--name", "legacy", "--urls", urls, "--public", urls],
    ...["--sticky", "cookie", "--join", address, app, version],
  );
  await readyCluster(cluster);
  await until("it is found", async () => (await ask(url)).status === 200);
  const data = { environment: { ...environment, DURE_DATA: cluster.dataFolder } };

  await context.test("clients keep their clone by the cookie, through the gateway", async () => {
    const names = new Set<string>();
    for (let count = 0; count < 8; count += 1) {
      const { name, cookie, knowsToken, mayCall } = await ask(url);
      assert.match(cookie ?? "", new RegExp(`^dure-legacy=${name};`));
      assert.deepEqual({ knowsToken, mayCall }, { knowsToken: false, mayCall: true });
      names.add(name);
    }
    assert.deepEqual([...names].sort(), ["legacy-1", "legacy-2"]);
    for (const name of [...names, ...names]) {
      const headers = { cookie: `dure-legacy=${name}` };
      const again = await ask(url, { method: "POST", body: "x".repeat(100_000), headers });
      assert.equal(again.name, name);
      assert.equal(again.body.length, 100_000);
    }
  });

  await context.test("a reload loses nothing", async () => {
    const seen = new Set<string>();
    const strange: Answer[] = [];
    let isOver = false;
    const load = async () => {
      while (!isOver) {
        const answer = await ask(url, { method: "POST", body: "x" });
        if (answer.status === 200) seen.add(answer.version);
        else strange.push(answer);
      }
    };
    const lanes = [load(), load()];
    await until("the load flows", () => seen.has("1"));
    writeFileSync(version, "2");
    const reload = await dure(context, ["reload", "legacy"], data);
    assert.equal(reload.code, 0, reload.stderr);
    await until("the new code answers", () => seen.has("2"));
    isOver = true;
    await Promise.all(lanes);
    assert.deepEqual(strange, []);
  });

  await context.test("when all its clones are gone it is, until one is back", async () => {
    for (const { pid } of await ps(context, cluster)) process.kill(pid as number, "SIGKILL");
    const isThere = async () => (await ask(url)).status === 200;
    await until("it answers again", isThere, 30_000);
  });

  await context.test("other commands on its data folder find its mesh", async () => {
    const nodes = await dure(context, ["nodes"], data);
    assert.match(nodes.stdout, /legacy/, nodes.stderr);
  });

  await stopCleanly(cluster);
  await until("it is not found any more", async () => (await ask(url)).status === 503);
  await stopCleanly(gateway);
  await stopCleanly(distributor);
});

test("what does not fit together is said", async (context) => {
  const cwd = temporaryFolder(context);
  const file = join(cwd, "elsewhere.mjs");
  writeFileSync(
    file,
    'import "node:http";\nimport { createServer } from "node:net";\ncreateServer().listen(0);\n',
  );
  for (const [flags, message] of [
    [["--join", "127.0.0.1:1", app], /--join is for a cluster in the mesh: say with --urls/],
    [["--urls", "FETCH /x", app], /is not "METHOD \/path"/],
    [["--urls", "GET /x", "--public", "GET /y", app], /"GET \/y" is said to be public/],
    [["-i", "1", "--urls", "GET /x", file], /does not speak plain HTTP\/1\.1, as --urls needs/],
  ] as const) {
    const { code, stderr, stdout } = await dure(context, ["cluster", ...flags], { cwd });
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, message);
  }
});
