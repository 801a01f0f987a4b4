import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, type Running, root, start, stopCleanly } from "./support.ts";

const config = join(root, "test/cli/fixture/reload.config.ts");

/** Writes entries all the time, in eight lanes; each failure is kept. */
function load(url: string) {
  let isOver = false;
  let made = 0;
  const failures: string[] = [];
  const versions = new Set<string>();
  const lanes = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const id = made;
      made += 1;
      try {
        const response = await fetch(`${url}/entries`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ id }),
        });
        if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
        versions.add(((await response.json()) as { version: string }).version);
      } catch (thrown) {
        failures.push(`${id}: ${thrown}`);
      }
    }
  });
  return {
    made: () => made,
    versions,
    failures,
    async stop() {
      isOver = true;
      await Promise.all(lanes);
    },
  };
}

const idsOf = (fleet: Running) =>
  readFileSync(join(fleet.dataFolder, "entries"), "utf8").trimEnd().split("\n").map(Number);

test("reload puts new code to work, under load, with nothing lost and nothing done twice", async (context) => {
  const fleet = start(context, ["up", "--config", config]);
  const url = await fleet.ready();
  const environment = { DURE_DATA: fleet.dataFolder };
  const install = (version: string) => writeFileSync(join(fleet.dataFolder, "version"), version);
  const ledgers = async () =>
    (await ps(context, fleet)).filter(({ name }) => name.startsWith("ledger"));
  const entries = load(url);
  await until("the load flows", () => entries.made() > 200, 30_000);

  await context.test("one at a time", async () => {
    const before = await ledgers();
    install("2");
    const { code, stdout, stderr } = await dure(context, ["reload"], { environment });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "reloaded ledger-1, ledger-2, gateway\n");
    const after = await ledgers();
    assert.deepEqual(
      after.map(({ name, state, restarts }) => [name, state, restarts]),
      before.map(({ name }) => [name, "ready", 0]),
    );
    assert.ok(after.every(({ pid }) => before.every((former) => former.pid !== pid)));
  });

  await context.test("several at a time, by name", async () => {
    install("3");
    const args = ["reload", "ledger", "--batch", "2"];
    const { code, stdout } = await dure(context, args, { environment });
    assert.equal(code, 0);
    assert.match(stdout, /^reloaded ledger-\d, ledger-\d\n$/);
  });

  await context.test("on SIGUSR2", async () => {
    install("4");
    const before = (await ledgers()).map(({ pid }) => pid);
    fleet.signal("SIGUSR2");
    await until("all are new", async () => {
      const now = await ledgers();
      return now.length === 2 && now.every(({ pid }) => !before.includes(pid));
    });
    const reloads = () => fleet.stdout().match(/^reloaded ledger-1, ledger-2, gateway$/gm);
    await until("the reload is over", () => reloads()?.length === 2);
  });

  await context.test("a version that cannot start changes nothing", async () => {
    const before = (await ledgers()).map(({ pid }) => pid);
    install("broken");
    const { code, stderr } = await dure(context, ["reload"], { environment });
    assert.equal(code, 1);
    assert.match(stderr, /^ledger-1 was not reloaded: .*the old one goes on: .*cannot start/m);
    assert.match(stderr, /^not begun: ledger-2, gateway$/m);
    assert.deepEqual(
      (await ledgers()).map(({ pid }) => pid),
      before,
    );
  });

  const { length } = entries.failures;
  const madeBefore = entries.made();
  await until("the load flows on", () => entries.made() > madeBefore + 200, 30_000);
  await entries.stop();
  assert.deepEqual(entries.failures, [], `${length} of ${entries.made()} failed`);
  const ids = idsOf(fleet);
  assert.equal(ids.length, entries.made(), "entries were lost or written twice");
  assert.equal(new Set(ids).size, ids.length, "entries were written twice");
  assert.deepEqual([...entries.versions].sort(), ["1", "2", "3", "4"]);

  await context.test("names that mean nothing are told", async () => {
    const { code, stderr } = await dure(context, ["reload", "ledgr"], { environment });
    assert.equal(code, 2);
    assert.match(stderr, /no process is called "ledgr" \(did you mean "ledger"\?\)/);
  });

  await stopCleanly(fleet);
});

test("a stream that never ends is cut off at the deadline of the reload, and no later", async (context) => {
  const fleet = start(context, ["up", "--config", config]);
  const url = await fleet.ready();
  const response = await fetch(`${url}/entries/live`);
  const environment = { DURE_DATA: fleet.dataFolder };
  const reading = (async () => {
    for await (const _ of response.body ?? []);
  })().catch(() => {});
  const { code, stdout } = await dure(context, ["reload", "--batch", "2"], { environment });
  assert.equal(code, 0);
  assert.match(stdout, /^reloaded /);
  await reading;
  await stopCleanly(fleet);
});
