import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, root, start, stopCleanly } from "./support.ts";

const config = join(root, "test/cli/fixture/changes.config.ts");

/** Opens streams, which never end by themselves, until each instance has one. */
async function holdAll(url: string, count: number) {
  const holding = new AbortController();
  const pids = new Set<string>();
  while (pids.size < count) {
    const response = await fetch(`${url}/entries/live`, { signal: holding.signal });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    pids.add(new TextDecoder().decode(first?.value).trim());
    void reader?.read().catch(() => {});
  }
  return () => holding.abort();
}

test("changes of a fleet come one after the other: what would get in another's way is refused with what is at work", async (context) => {
  const fleet = start(context, ["up", "--config", config]);
  const url = await fleet.ready();
  const environment = { DURE_DATA: fleet.dataFolder };
  const command = (...args: string[]) => dure(context, args, { environment });
  const untilDraining = () =>
    until("a process finishes its requests", async () =>
      (await ps(context, fleet)).some(({ state }) => state === "stopping"),
    );

  await context.test("no reload while instances come or go", async () => {
    const letGo = await holdAll(url, 2);
    const scaling = command("scale", "ledger=1");
    await untilDraining();
    const { code, stderr } = await command("reload");
    assert.equal(code, 1);
    assert.match(stderr, /instances are being added or removed; nothing was reloaded/);
    letGo();
    assert.equal((await scaling).code, 0);
  });

  await context.test("neither a change of numbers nor another reload during a reload", async () => {
    const letGo = await holdAll(url, 1);
    const reloading = command("reload", "ledger");
    await untilDraining();
    const scaling = await command("scale", "ledger=2");
    assert.equal(scaling.code, 1);
    assert.match(scaling.stderr, /a reload is at work; nothing was scaled/);
    const again = await command("reload");
    assert.equal(again.code, 1);
    assert.match(again.stderr, /another reload is at work; nothing was reloaded/);
    letGo();
    const { code, stdout, stderr } = await reloading;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "reloaded ledger-1\n");
  });

  await context.test("gateways can be scaled too", async () => {
    const gateways = async () =>
      (await ps(context, fleet)).map(({ name }) => name).filter((name) => /^gateway/.test(name));
    const more = await command("scale", "gateway=3");
    assert.equal(more.code, 0, more.stderr);
    assert.deepEqual(await gateways(), ["gateway", "gateway-2", "gateway-3"]);
    const reloaded = await command("reload", "gateway", "--batch", "3");
    assert.equal(reloaded.code, 0, reloaded.stderr);
    assert.equal((await command("scale", "gateway=1")).code, 0);
    assert.deepEqual(await gateways(), ["gateway"]);
    const response = await fetch(`${url}/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: 1 }),
    });
    assert.equal(response.status, 200);
  });

  await stopCleanly(fleet);
});
