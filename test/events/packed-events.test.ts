/** Events in one piece: whatever texts they have, whoever looks at them, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { laneOf, orderKeyOf } from "../../src/events/core/lanes.ts";
import {
  blocksOf,
  eventsIn,
  onlyLanes,
  type PackedRun,
  packBatch,
  type StoredBlock,
  unpackBatch,
} from "../../src/events/core/packed-events.ts";
import { StorageExecutor } from "../../src/events/storage/executor.ts";
import type { StorageCallName } from "../../src/events/storage/requests.ts";
import type { AppendBatch, NewEvent } from "../../src/events/types.ts";

const text = fc.string({ unit: "binary", maxLength: 40 });
const event = fc.record(
  {
    topic: fc.constantFrom("a", "b"),
    key: fc.oneof(fc.constant(""), text),
    head: text,
    body: text,
  },
  { noNullPrototype: true },
);
const origin = { source: "so:ur:ce", epoch: 1_700_000_000_000, seq: 5 };

/** The blocks of a batch's first run, as a log would have them from offset 10 on. */
function storedAt10(batch: AppendBatch): StoredBlock {
  const [{ count, events } = { count: 0, events: "" }] = packBatch(batch).runs;
  const { source, epoch, seq } = batch;
  return { offset: 10, count, at: 7, source, epoch, seq, events: Buffer.from(events, "base64") };
}

test("what is packed comes out as it was, in its order", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), (events) => {
      const batch = { ...origin, events };
      assert.deepEqual(unpackBatch(packBatch(batch)), batch);
    }),
  );
});

test("stored events have the offsets and ids that they were given, as blocks and one by one", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), fc.nat(25), (texts, from) => {
      const events = texts.map((each) => ({ ...each, topic: "a" }));
      const block = storedAt10({ ...origin, events });
      const expected = events.map((each, index) => ({
        ...each,
        offset: 10 + index,
        at: 7,
        id: `so:ur:ce:1700000000000:${5 + index}`,
      }));
      const wanted = expected.filter(({ offset }) => offset >= from);
      assert.deepEqual(eventsIn("a", [block], from), wanted);
      assert.deepEqual(blocksOf(expected), [block]);
      // Without one in the middle there are two blocks.
      const torn = expected.filter((_, index) => index !== 1);
      assert.equal(blocksOf(torn).length, expected.length > 2 ? 2 : 1);
      assert.deepEqual(eventsIn("a", blocksOf(torn)), torn);
    }),
  );
});

test("a reader of some lanes gets the events of those, with their own offsets and ids", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), fc.nat(255), (texts, half) => {
      const events = texts.map((each) => ({ ...each, topic: "a" }));
      const block = storedAt10({ ...origin, events });
      const lanes = new Set(Array.from({ length: 128 }, (_, index) => (half + index) % 256));
      const expected = eventsIn("a", [block]).filter((each) => lanes.has(laneOf(orderKeyOf(each))));
      const filtered = onlyLanes(block, lanes);
      assert.deepEqual(filtered ? eventsIn("a", [filtered]) : [], expected);
      assert.equal(filtered?.count ?? events.length, events.length, "offsets go on behind it");
    }),
  );
});

const note = (n: number): NewEvent => ({ topic: "t", key: `k${n}`, head: "{}", body: `"€${n}"` });

/** Asks a log in memory; throws what it answers with. */
function ask(log: StorageExecutor, name: StorageCallName, input: unknown): unknown {
  const [answer] = log.execute([{ name, input, at: 1 }]);
  if (answer?.ok) return answer.value;
  throw Object.assign(new Error(answer?.message), answer);
}

const bodies = (log: StorageExecutor) => {
  const input = { topic: "t", from: 0, bounds: { eventsMax: 100, bytesMax: 10_000 } };
  return eventsIn("t", ask(log, "read", input) as StoredBlock[]).map(({ id, body }) => [id, body]);
};

test("a batch of which the log has the beginning is stored from there on", () => {
  const log = new StorageExecutor(":memory:");
  const batch = (seq: number, count: number) =>
    packBatch({
      source: "s",
      epoch: 1,
      seq,
      events: Array.from({ length: count }, (_, index) => note(seq + index)),
    });
  ask(log, "append", batch(0, 3));
  assert.deepEqual(ask(log, "append", batch(1, 5)), {
    next: { t: 6 },
    at: { t: 1 },
    duplicates: 2,
  });
  assert.deepEqual(
    bodies(log),
    [0, 1, 2, 3, 4, 5].map((n) => [`s:1:${n}`, `"€${n}"`]),
  );
  log.close();
});

test("what is not packed as it says is refused by itself", () => {
  const log = new StorageExecutor(":memory:");
  const [run] = packBatch({ ...origin, events: [note(0), note(1)] }).runs as [PackedRun];
  const bytes = Buffer.from(run.events, "base64");
  const changed = (change: (copy: Buffer) => unknown) => {
    const copy = Buffer.from(bytes);
    change(copy);
    return copy.toString("base64");
  };
  const wrong: PackedRun[] = [
    { ...run, count: 3 },
    { ...run, count: 1 },
    { ...run, count: 2 ** 31 },
    { ...run, events: "" },
    { ...run, events: bytes.subarray(0, -1).toString("base64") },
    { ...run, events: `${run.events}"` },
    { ...run, events: `\n${run.events}` },
    { ...run, events: changed((copy) => copy.writeUInt32LE(0xffffffff, 4)) },
    { ...run, events: changed((copy) => copy.writeUInt32LE(99, 8)) },
    { ...run, events: changed((copy) => copy.writeUInt32LE(7, 0)) },
  ];
  for (const each of wrong) {
    const batch = { source: "bad", epoch: 1, seq: 0, runs: [each] };
    assert.throws(() => ask(log, "append", batch), { code: "INVALID_ARGUMENT" });
    assert.throws(() => unpackBatch(batch), { code: "INVALID_ARGUMENT" });
  }
  const large = packBatch({
    ...origin,
    seq: 0,
    events: [{ ...note(0), body: "x".repeat(2 ** 21) }],
  });
  assert.throws(() => ask(log, "append", large), {
    code: "INVALID_ARGUMENT",
    message: /the most is 1048576/,
  });
  ask(log, "append", packBatch({ source: "good", epoch: 1, seq: 0, events: [note(0)] }));
  assert.deepEqual(bodies(log), [["good:1:0", '"€0"']]);
  log.close();
});
