import assert from "node:assert/strict";
import { test } from "node:test";
import { LogBook } from "../../src/events/engine/log-book.ts";

const batch = (seq: number, count: number) => {
  const events = Array.from({ length: count }, () => {
    return { topic: "t.noted", key: "k", head: "{}", body: "{}" };
  });
  return { source: "s", epoch: 1, seq, events };
};

test("where an answer was lost, the next one tells readers of what is stored already", () => {
  const book = new LogBook();
  book.take(batch(0, 3), 1_000);
  const again = book.take(batch(0, 3), 2_000);
  assert.deepEqual([again.duplicates, again.next], [3, { "t.noted": 3 }]);
});

test("an offset that was acknowledged is not given again, even if the engine has lost its event", () => {
  const book = new LogBook();
  book.acknowledge(book.take(batch(0, 3), 1_000).next);
  book.take(batch(3, 2), 1_000);
  book.clear();
  book.topics.set("t.noted", { first: 0, next: 1, lastAt: 1_000, bytes: 1 });
  book.passOverLost();
  const [event] = book.take({ ...batch(0, 1), epoch: 2 }, 1_000).events;
  assert.equal(event?.offset, 3);
});
