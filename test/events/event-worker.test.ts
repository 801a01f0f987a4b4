import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { KeyOrder } from "../../src/events/core/key-order.ts";
import { EventWorker } from "../../src/events/event-worker.ts";
import { createLogger } from "../../src/telemetry/index.ts";
import { arrivedOf, keysIn } from "./support/arrived.ts";

const lane = { epoch: 1, readTo: 0, cursor: 0, stop: new AbortController() };

/** A worker whose handler notes the ids of its events, and an order with so many events of different keys. */
function startWorker(count: number) {
  const order = new KeyOrder();
  const handled: string[] = [];
  const worker = new EventWorker({
    subscription: {
      group: "g",
      topic: "t",
      start: "beginning",
      concurrency: 1,
      deliver({ id }) {
        handled.push(id);
        return undefined;
      },
    },
    logger: createLogger({ name: "test" }, "warn"),
    order,
    lanes: new Map([[0, lane]]),
    onEnded() {},
  });
  const ids = Array.from({ length: count }, (_, seq) => `source:1:${seq}`);
  const keys = keysIn(0, count);
  const events = ids.map((id, offset) => {
    const key = keys[offset] as string;
    return { topic: "t", offset, at: 0, key, id, head: "{}", body: "{}" };
  });
  order.arrived(arrivedOf(...events));
  return { worker, order, handled, ids };
}

test("handlers that wait for nothing leave turns of the event loop to others, and events stay in their order", async () => {
  const { worker, order, handled, ids } = startWorker(1_000);
  let turns = 0;
  for (worker.run(); order.size > 0; turns += 1) await nextTurn();
  assert.ok(turns > 1, `${turns} turns`);
  assert.deepEqual(handled, ids);
});

test("a worker that was told to stop begins nothing in the next turn", async () => {
  const { worker, handled } = startWorker(1_000);
  worker.run();
  worker.stop();
  const before = handled.length;
  await nextTurn();
  await nextTurn();
  assert.ok(before > 0 && before < 1_000, `${before}`);
  assert.equal(handled.length, before);
});
