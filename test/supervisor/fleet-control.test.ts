import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  checkPort,
  openFleetControl,
  type ProcessStatus,
  runningFleet,
  tokenOf,
} from "../../src/supervisor/index.ts";

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "dure-control-"));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

const processes: ProcessStatus[] = [
  {
    name: "products-1",
    pid: 4_711,
    port: 51_234,
    state: "ready",
    restarts: 0,
    uptimeMs: 1_000,
    memoryBytes: 70_000_000,
    cpuShare: 0.01,
    lastExit: null,
  },
];

function open(dataFolder: string) {
  return openFleetControl({
    dataFolder,
    fleet: {
      mesh: "shop",
      mode: "up",
      distributors: ["127.0.0.1:9100"],
      gateway: "http://localhost:8080",
    },
    operations: {
      ps: () => processes,
      metrics: async () => "",
      reload: async ({ names }) => ({ reloaded: names, failures: [], untouched: [] }),
      scale: async () => ({ failures: [] }),
    },
  });
}

/** The number of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid as number;
}

test("the token is made once and only its owner may read it", (context) => {
  const dataFolder = folder(context);
  const token = tokenOf(dataFolder);
  assert.match(token, /^[\w-]{43}$/);
  assert.equal(tokenOf(dataFolder), token);
  assert.equal(statSync(join(dataFolder, "token")).mode & 0o777, 0o600);
});

test("whoever has the token can ask the fleet for its processes", async (context) => {
  const dataFolder = folder(context);
  const control = await open(dataFolder);
  context.after(() => control.close());
  const fleet = await runningFleet(dataFolder);
  assert.deepEqual(fleet?.processes, processes);
  assert.equal(fleet.pid, process.pid);
  writeFileSync(join(dataFolder, "token"), "another token");
  await assert.rejects(runningFleet(dataFolder), /does not answer: .*token/);
});

test("a second fleet on the same folder is refused with who has it", async (context) => {
  const dataFolder = folder(context);
  const control = await open(dataFolder);
  context.after(() => control.close());
  await assert.rejects(open(dataFolder), {
    code: "ALREADY_EXISTS",
    message: /a fleet runs on .* already: "dure up" of shop, process \d+.* set DURE_DATA/,
  });
});

test("a closed fleet leaves no file behind", async (context) => {
  const dataFolder = folder(context);
  const control = await open(dataFolder);
  await control.close();
  assert.equal(await runningFleet(dataFolder), undefined);
  assert.throws(() => readFileSync(join(dataFolder, "fleet.json")), { code: "ENOENT" });
});

for (const { what, pidOf } of [
  { what: "a process that has ended", pidOf: endedPid },
  { what: "a process number that was given to somebody else", pidOf: async () => process.pid },
]) {
  test(`a file left by ${what} is replaced`, async (context) => {
    const dataFolder = folder(context);
    const { port } = (await checkPort("127.0.0.1", 0)) as { port: number };
    const left = {
      pid: await pidOf(),
      port,
      mode: "up",
      mesh: "shop",
      distributors: [],
      gateway: "",
    };
    writeFileSync(join(dataFolder, "fleet.json"), JSON.stringify(left));
    assert.equal(await runningFleet(dataFolder), undefined);
    const control = await open(dataFolder);
    await control.close();
  });
}

test("a taken port is told with its holder, a free one is found", async (context) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as { port: number };
  const taken = await checkPort("127.0.0.1", port);
  assert.ok(!taken.isFree);
  assert.equal(taken.code, "EADDRINUSE");
  if (process.platform === "linux")
    assert.match(taken.holder ?? "", new RegExp(`^process ${process.pid} \\(`));
  const free = await checkPort("127.0.0.1", 0);
  assert.ok(free.isFree && free.port > 0);
});
