import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, isAlive, root, smallConfig, temporaryFolder } from "./support.ts";

test("up -d leaves a ready fleet in the background, and down ends it", async (context) => {
  const environment = { DURE_DATA: join(temporaryFolder(context), ".dure") };
  const run = (...args: string[]) => dure(context, args, { environment });
  const { code, stdout, stderr } = await run("up", "-d", "--config", smallConfig);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ready: small is at http:\S+ .*dure down stops them\)\n$/);
  const { pid } = JSON.parse(readFileSync(join(environment.DURE_DATA, "fleet.json"), "utf8"));
  context.after(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  const response = await fetch(`${/http:\S+/.exec(stdout)?.[0]}/hello/Kim`);
  assert.equal(response.status, 200);

  const second = await run("up", "-d", "--config", smallConfig);
  assert.equal(second.code, 5);
  assert.match(second.stderr, /a fleet runs on .* already/);

  const processes = JSON.parse((await run("ps", "--json")).stdout) as { pid: number }[];
  const down = await run("down");
  assert.equal(down.code, 0, down.stderr);
  assert.equal(down.stdout, "stopped small, 3 processes\n");
  await until("nobody is left", () => !processes.some((each) => isRunning(each.pid)), 30_000);
  assert.equal((await run("down")).code, 4);
});

/** Whoever has ended and was not waited for counts as gone. */
function isRunning(pid: number): boolean {
  if (process.platform !== "linux") return isAlive(pid);
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("up -d tells why it could not start", async (context) => {
  const config = join(root, "test/cli/fixture/crashing.config.ts");
  const { code, stderr } = await dure(context, ["up", "--detach", "--config", config]);
  assert.equal(code, 1);
  assert.match(stderr, /the disk is made of cheese/);
});

test("install-service prints a unit that starts, reloads and stops this project", async (context) => {
  const args = ["install-service", "--print", "--config", smallConfig, "--user", "shop"];
  const { code, stdout, stderr } = await dure(context, args);
  assert.equal(code, 0, stderr);
  const [, command] = /^ExecStart=(.*)$/m.exec(stdout) ?? [];
  assert.ok(command?.startsWith(`${process.execPath} `), command);
  assert.ok(command?.includes(` up --config ${smallConfig} --data `), command);
  assert.match(stdout, /^User=shop$/m);
  assert.match(stdout, /^ExecReload=\/bin\/kill -USR2 \$MAINPID$/m);
  assert.match(stdout, /^KillMode=mixed$/m);
});
