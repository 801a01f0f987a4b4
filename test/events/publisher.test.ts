import assert from "node:assert/strict";
import { test } from "node:test";
import type { PackedBatch } from "../../src/events/core/packed-events.ts";
import { memoryStorage, type Storage } from "../../src/events/index.ts";
import { Publisher } from "../../src/events/publisher.ts";
import { storeEvents } from "./support/stored-events.ts";

const event = { topic: "t", key: "", head: "{}", body: "1" };

/** A publisher of the node `shop` on a log. */
function publisherOn(storage: Storage): Publisher {
  const append = (batch: PackedBatch) => storage.call("append", batch);
  return new Publisher({ append } as never, "shop");
}

test("a node whose clock was set back publishes at once", async () => {
  const storage = memoryStorage();
  const epoch = Date.now() + 3_600_000;
  await storeEvents(storage, { source: "shop", epoch, seq: 0, events: [event] });
  const publisher = publisherOn(storage);
  await Promise.all([publisher.publish(event, 1_000), publisher.publish(event, 1_000)]);
  await publisher.publish(event, 1_000);
  const { topics } = await storage.call("overview", undefined);
  assert.equal(topics[0]?.next, 4);
  await storage.close();
});

test("a log that was restored from a backup counts otherwise, and its publishers go on", async () => {
  const storages = [memoryStorage(), memoryStorage()];
  let current = 0;
  const moving = publisherOn({
    durability: "",
    call: (name, input) => (storages[current] as Storage).call(name, input),
    close: async () => {},
  });
  for (let count = 0; count < 3; count += 1) await moving.publish(event, 1_000);
  current = 1;
  for (let count = 0; count < 3; count += 1) await moving.publish(event, 1_000);
  const { topics } = await (storages[1] as Storage).call("overview", undefined);
  assert.equal(topics[0]?.next, 3);
});
