import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, root, start, stopCleanly } from "./support.ts";

const config = join(root, "test/cli/fixture/scale.config.ts");

test("instances come and go by command and by load, and no call fails", async (context) => {
  const fleet = start(context, ["up", "--config", config]);
  const url = await fleet.ready();
  const environment = { DURE_DATA: fleet.dataFolder };
  const scale = (...counts: string[]) => dure(context, ["scale", ...counts], { environment });
  const ready = async (kind: string) =>
    (await ps(context, fleet))
      .filter(({ name, state }) => name.startsWith(`${kind}-`) && state === "ready")
      .map(({ name }) => name);
  let isOver = false;
  const failures: string[] = [];
  const pids = new Set<number>();
  const lanes = Array.from({ length: 3 }, async (_, lane) => {
    for (let id = lane; !isOver; id += 3) {
      const [greeting, entry] = await Promise.all([
        fetch(`${url}/hello/Kim`),
        fetch(`${url}/entries`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ id }),
        }),
      ]);
      for (const response of [greeting, entry])
        if (!response.ok) failures.push(`${response.status} ${await response.text()}`);
      if (greeting.ok) pids.add(((await greeting.json()) as { pid: number }).pid);
    }
  });

  await context.test("more, which take calls", async () => {
    const { code, stdout, stderr } = await scale("hello=3");
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "scaled hello=3\n");
    assert.deepEqual(await ready("hello"), ["hello-1", "hello-2", "hello-3"]);
    await until("all three are called", () => pids.size === 3, 30_000);
  });

  await context.test("fewer, which finish what they are at", async () => {
    const { code, stderr } = await scale("hello=1");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await ready("hello"), ["hello-1"]);
  });

  await context.test("as many as the load needs", async () => {
    await until("three are ready", async () => (await ready("ledger")).length === 3, 60_000);
    assert.match(fleet.stdout(), /^ledger: 1 -> \d instances for \d+\.\d requests at work$/m);
  });

  isOver = true;
  await Promise.all(lanes);
  assert.deepEqual(failures, []);

  for (const { counts, message } of [
    { counts: "helo=2", message: /no processes are called "helo" \(did you mean "hello"\?\)/ },
    { counts: "hello=0", message: /hello=0: it must be a whole number from 1 to 64/ },
    { counts: "ledger=2", message: /ledger has its number from its load, 1 to 3/ },
    { counts: "hello", message: /a name and a number, such as products=4/ },
  ]) {
    await context.test(`${counts} is refused`, async () => {
      const { code, stderr } = await scale(counts);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  await stopCleanly(fleet);
});
