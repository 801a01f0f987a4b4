import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, smallConfig, start, stopCleanly, temporaryFolder } from "./support.ts";

test("logs shows what the processes wrote, and follows them across their restarts", async (context) => {
  const fleet = start(context, ["up", "--config", smallConfig]);
  await fleet.ready();
  const environment = { DURE_DATA: fleet.dataFolder };
  const logs = (...args: string[]) => dure(context, ["logs", ...args], { environment });

  await context.test("of all, in order, what the supervisor said among them", async () => {
    await until(
      "the ready line is kept",
      async () => /^supervisor +\| ready: small is at http/m.test((await logs()).stdout),
      30_000,
    );
    const { stdout } = await logs("-n", "0");
    assert.match(stdout, /^hello-1 +\| registered/m);
    assert.ok(stdout.indexOf("| registered") < stdout.indexOf("| ready: small"));
  });

  await context.test("of one, so many lines, as they were written", async () => {
    const { stdout } = await logs("hello", "-n", "1", "--raw");
    assert.match(stdout, /^hello-1 \d{4}-\S+Z \{"level".*\}\n$/);
  });

  await context.test("from now on", async () => {
    const follower = start(context, ["logs", "-f", "hello", "-n", "1"], { environment });
    await until("it follows", () => follower.stdout().includes("hello-1"), 30_000);
    const before = follower.stdout().length;
    const { code } = await dure(context, ["reload", "hello"], { environment });
    assert.equal(code, 0);
    await until(
      "the new process is heard",
      () => follower.stdout().slice(before).includes("registered"),
      30_000,
    );
    follower.signal("SIGINT");
    assert.equal((await follower.ended).code, 0);
  });

  await stopCleanly(fleet);
  const { stdout } = await logs("supervisor");
  assert.match(stdout, /stopped 3 of 3 processes\n$/);
});

test("where there are no logs, that is said", async (context) => {
  const { code, stderr } = await dure(context, ["logs", "products"], {
    cwd: temporaryFolder(context),
  });
  assert.equal(code, 4);
  assert.match(stderr, /there are no logs of products in .*; "dure up" writes them/);
});
