import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Backoff, Closers, DureError, didYouMean, LruMap, sleep } from "../../src/kit/index.ts";

test("back-off waits stay between base and cap, and are short again after a reset", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 500, max: 60_000 }),
      (baseMs, capMs) => {
        const backoff = new Backoff({ baseMs, capMs });
        for (let attempt = 0; attempt < 30; attempt += 1) {
          const waitMs = backoff.nextMs();
          assert.ok(waitMs >= baseMs && waitMs <= capMs, `${waitMs} not in [${baseMs}, ${capMs}]`);
        }
        backoff.reset();
        assert.ok(backoff.nextMs() <= Math.min(capMs, baseMs * 3));
      },
    ),
  );
});

test("an LRU map never holds more than its bound and drops the one unused for longest", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("a");
  map.set("c", 3);
  assert.equal(map.size, 2);
  assert.equal(map.get("b"), undefined);
  assert.equal(map.get("a"), 1);
});

test("closers run in reverse, all of them, even past a failure", async () => {
  const order: string[] = [];
  const closers = new Closers();
  closers.add(() => order.push("first opened"));
  closers.add(() => {
    throw new Error("does not close");
  });
  closers.add(() => order.push("last opened"));
  await assert.rejects(closers.close(), /does not close/);
  assert.deepEqual(order, ["last opened", "first opened"]);
});

test("a typo finds the word that was meant, and nonsense finds none", () => {
  assert.equal(didYouMean("prodcuts", ["products", "carts"]), "products");
  assert.equal(didYouMean("xyzzy", ["products", "carts"]), undefined);
});

test("an aborted sleep rejects with the reason and leaves no timer behind", async () => {
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort(new DureError("CANCELLED", "stop"));
  await assert.rejects(sleeping, /stop/);
});
