import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockPlan, readEvents, readLine, writeBlock } from "../../src/events/nats/blocks.ts";
import { Assembler, partsOf } from "../../src/events/nats/frames.ts";
import type { StoredEvent } from "../../src/events/types.ts";

const published = fc.array(
  fc.record({
    source: fc.constantFrom("a", "b", "c"),
    topic: fc.constantFrom("x", "y", "z"),
    body: fc.string(),
  }),
  { maxLength: 60 },
);

test("blocks keep the order of each source and each topic, so that a prefix of them is a prefix of every source's events", () => {
  fc.assert(
    fc.property(published, (events) => {
      const plan = new BlockPlan();
      const nexts = new Map<string, number>();
      const stored = events.map(({ source, topic, body }, index) => {
        const offset = nexts.get(topic) ?? 0;
        nexts.set(topic, offset + 1);
        const event = {
          topic,
          offset,
          at: index,
          key: "",
          id: `${source}:1:${index}`,
          head: "{}",
          body,
        };
        plan.add(source, event, 0);
        return event;
      });
      const read = plan.blocks.flatMap((block) => {
        const { numbers, text } = writeBlock(block);
        const found = readEvents(block.topic, numbers, text);
        assert.deepEqual(
          [readLine(numbers).first, readLine(numbers).next],
          [found[0]?.offset, (found.at(-1)?.offset ?? 0) + 1],
        );
        return found;
      });
      const by = (key: (event: StoredEvent) => string, all: StoredEvent[]) =>
        [...new Set(stored.map(key))].map((value) => all.filter((event) => key(event) === value));
      for (const key of [({ topic }: StoredEvent) => topic, ({ id }: StoredEvent) => id[0] ?? ""])
        assert.deepEqual(by(key, read), by(key, stored));
    }),
  );
});

test("what is published at once goes into few blocks", () => {
  const plan = new BlockPlan();
  for (let index = 0; index < 900; index += 1) {
    const topic = `topic ${index % 3}`;
    const event = {
      topic,
      offset: Math.floor(index / 3),
      at: 0,
      key: "",
      id: "",
      head: "",
      body: "",
    };
    plan.add(`source ${index}`, event, 0);
  }
  assert.equal(plan.blocks.length, 3);
});

test("a text in parts is put together, and one whose writer stopped halfway is passed over", () => {
  const text = "äöü".repeat(2_000);
  const parts = partsOf([7, 8], text, 2_048);
  assert.ok(parts.length > 2);
  const assembler = new Assembler();
  const read = [...parts.slice(0, 2), ...parts, ...partsOf([9], "next", 2_048)].map((part) =>
    assembler.add(part),
  );
  assert.deepEqual(
    read.filter((whole) => whole !== undefined),
    [
      { numbers: [7, 8], text },
      { numbers: [9], text: "next" },
    ],
  );
});
