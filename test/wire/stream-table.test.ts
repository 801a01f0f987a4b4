import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StreamTable } from "../../src/wire/core/stream-table.ts";

test("holds what a map would, in the order of the ids of the ring", () => {
  const steps = fc.array(
    fc.record({ adds: fc.nat(400), keepEvery: fc.integer({ min: 1, max: 50 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const table = new StreamTable<{ readonly streamId: number }>();
      const model = new Map<number, { readonly streamId: number }>();
      let streamId = 1;
      for (const { adds, keepEvery } of list) {
        for (let count = 0; count < adds; count += 1) {
          const stream = { streamId };
          table.add(stream);
          model.set(streamId, stream);
          streamId += 2;
        }
        let index = 0;
        for (const id of [...model.keys()]) {
          index += 1;
          if (index % keepEvery === 0) continue;
          assert.ok(table.delete(id));
          assert.ok(!table.delete(id));
          model.delete(id);
        }
        assert.equal(table.size, model.size);
        for (const [id, stream] of model) assert.equal(table.get(id), stream);
        assert.equal(table.get(streamId), undefined);
        const ids = (streams: Iterable<{ readonly streamId: number }>) =>
          [...streams].map((stream) => stream.streamId).sort((left, right) => left - right);
        assert.deepEqual(ids(table.values()), ids(model.values()));
      }
    }),
    { numRuns: 60 },
  );
});

test("the oldest comes first while streams come and go", () => {
  const table = new StreamTable<{ readonly streamId: number }>();
  for (let id = 1; id < 4_000; id += 2) {
    table.add({ streamId: id });
    if (id > 100) table.delete(id - 100);
    const [oldest] = table.values();
    assert.equal(oldest?.streamId, Math.max(1, id - 98));
  }
});
