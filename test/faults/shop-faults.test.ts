import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ShopFleet, startShop } from "../support/shop-fleet.ts";
import { until } from "../support/until.ts";

let fleet: ShopFleet;
before(async () => {
  fleet = await startShop();
});
after(() => fleet.stop());

/** Reads products all the time, in ten lanes, until told to stop. */
function load() {
  let isOver = false;
  let made = 0;
  const failures: { status: number; detail: string; at: number }[] = [];
  const lanes = Array.from({ length: 10 }, async () => {
    while (!isOver) {
      const response = await fetch(`${fleet.base}/products/${1 + (made % 1_000)}`);
      const body = await response.text();
      made += 1;
      if (response.status !== 200)
        failures.push({ status: response.status, detail: body, at: performance.now() });
    }
  });
  return {
    made: () => made,
    failures,
    async stop() {
      isOver = true;
      await Promise.all(lanes);
    },
  };
}

const processNamed = async (name: string) => {
  const found = (await fleet.ps()).find((process) => process.name === name);
  assert.ok(found, `no process named ${name}`);
  return found;
};

async function kill(name: string): Promise<void> {
  const { pid } = await processNamed(name);
  assert.ok(pid, `${name} does not run`);
  process.kill(pid, "SIGKILL");
}

test("SIGKILL of the Distributor under load: no call fails, and it comes back with everybody registered", async () => {
  const reads = load();
  await until("the load flows", () => reads.made() > 200);
  await kill("distributor");
  const atKill = reads.made();
  await until("the load flows on", () => reads.made() > atKill + 500);
  await until("all are registered again", async () => {
    const response = await fetch(`http://127.0.0.1:${fleet.distributorPort}/distributor`).catch(
      () => undefined,
    );
    return response && ((await response.json()) as unknown[]).length >= 10;
  });
  await reads.stop();
  assert.deepEqual(reads.failures, []);
  assert.equal((await processNamed("distributor")).restarts, 1);
});

test("SIGKILL of one of two instances under load of idempotent reads: no call fails", async () => {
  const reads = load();
  await until("the load flows", () => reads.made() > 200);
  await kill("products-1");
  const atKill = reads.made();
  await until("the load flows on", () => reads.made() > atKill + 500);
  const { restarts } = await until("it is ready again", async () => {
    const process = await processNamed("products-1");
    return process.state === "ready" && process.restarts > 0 ? process : undefined;
  });
  await reads.stop();
  assert.equal(restarts, 1);
  assert.deepEqual(reads.failures, []);
});
