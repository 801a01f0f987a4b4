import assert from "node:assert/strict";
import { test } from "node:test";
import {
  blocksOf,
  eventsIn,
  packBatch,
  type StoredBlock,
} from "../../src/events/core/packed-events.ts";
import { EventLog } from "../../src/events/event-log.ts";
import { memoryStorage, type Storage } from "../../src/events/index.ts";
import type { AppendBatch } from "../../src/events/types.ts";
import { silentLogger } from "../../src/telemetry/index.ts";

const never = new AbortController().signal;

/** A storage that tells how often events were read from it. */
function countedStorage(): { storage: Storage; reads(): number } {
  const inner = memoryStorage();
  let reads = 0;
  const call: Storage["call"] = (name, input) => {
    if (name === "read") reads += 1;
    return inner.call(name, input);
  };
  const { durability } = inner;
  return { storage: { durability, call, close: () => inner.close() }, reads: () => reads };
}

const append = (log: EventLog, batch: AppendBatch) => log.append(packBatch(batch));
const note = (topic: string, n: number) => ({ topic, key: `k${n % 3}`, head: "{}", body: `${n}` });
const poll = async (log: EventLog, topic: string, from: number, waitMs = 10_000) => {
  const { blocks, ...answer } = await log.poll({ topic, from, max: 1_000, waitMs }, never);
  return { ...answer, events: eventsIn(topic, blocks, from) };
};

test("who waits gets what is appended without reading it back, and it is what the storage has", async () => {
  const { storage, reads } = countedStorage();
  const log = await EventLog.open(storage);
  const waiting = [poll(log, "a", 0), poll(log, "b", 0)];
  const events = [note("a", 1), note("b", 2), note("a", 3)];
  await append(log, { source: "s", epoch: 7, seq: 0, events });
  const live = await Promise.all(waiting);
  assert.equal(reads(), 0);
  assert.deepEqual(
    live.map((answer) => answer.events.map(({ offset, id, body }) => [offset, id, body])),
    [
      [
        [0, "s:7:0", "1"],
        [1, "s:7:2", "3"],
      ],
      [[0, "s:7:1", "2"]],
    ],
  );
  const again = await EventLog.open(storage);
  assert.deepEqual(await Promise.all([poll(again, "a", 0), poll(again, "b", 0)]), live);
  log.close();
  again.close();
  await storage.close();
});

test("readers that keep up, fall behind and come back see every event once and in order", async () => {
  const { storage } = countedStorage();
  const log = await EventLog.open(storage);
  const total = 3_000;
  const follow = async (pauseEvery: number) => {
    const seen: string[] = [];
    for (let from = 0, polls = 0; seen.length < total; polls += 1) {
      if (polls % pauseEvery === 0) for (let turn = 0; turn < 20; turn += 1) await null;
      const { events, next } = await poll(log, "a", from);
      seen.push(...events.map(({ body }) => body));
      from = next;
    }
    return seen;
  };
  const readers = [follow(1_000), follow(3), follow(1)];
  for (let seq = 0; seq < total; ) {
    const size = Math.min(1 + (seq % 7), total - seq);
    const events = Array.from({ length: size }, (_, index) => note("a", seq + index));
    const appended = append(log, { source: "s", epoch: 1, seq, events });
    // Some are sent again because their answer was lost.
    if (seq % 11 === 0) await append(log, { source: "s", epoch: 1, seq, events });
    await appended;
    seq += size;
  }
  const expected = Array.from({ length: total }, (_, n) => `${n}`);
  for (const seen of await Promise.all(readers)) assert.deepEqual(seen, expected);
  log.close();
  await storage.close();
});

/** A storage that has lost the events of offsets 2 to 4, and those from `end` on. */
function lossyStorage(end: number): Storage {
  const { storage } = countedStorage();
  const call: Storage["call"] = async (name, input) => {
    const answer = await storage.call(name, input);
    if (name !== "read") return answer;
    const isLost = ({ offset }: { offset: number }) => (offset > 1 && offset < 5) || offset >= end;
    const { from } = input as { from: number };
    const events = eventsIn("a", answer as StoredBlock[], from).filter((event) => !isLost(event));
    return blocksOf(events) as typeof answer;
  };
  return { durability: "", call, close: () => storage.close() };
}

test("while delayed events cannot be stored the log's log says so, once, and then they come", async () => {
  const { storage } = countedStorage();
  let failuresLeft = 2;
  const call: Storage["call"] = async (name, input) => {
    if (name !== "append" || failuresLeft === 0) return storage.call(name, input);
    failuresLeft -= 1;
    throw new Error("the disk is full");
  };
  const told: unknown[] = [];
  const logger = { ...silentLogger, warn: (_: string, facts = {}) => void told.push(facts) };
  const log = await EventLog.open({ ...storage, call }, logger);
  await log.delay({ id: "d1", event: note("a", 1), delayMs: 0 });
  const { events } = await poll(log, "a", 0);
  assert.deepEqual(
    events.map(({ body }) => body),
    ["1"],
  );
  assert.deepEqual(told, [{ waiting: 1, reason: "the disk is full" }]);
  log.close();
  await storage.close();
});

test("what an engine has lost is told, and what comes behind it is read", async () => {
  for (const end of [8, 5]) {
    const log = await EventLog.open(lossyStorage(end));
    const events = Array.from({ length: 8 }, (_, n) => note("a", n));
    await append(log, { source: "s", epoch: 1, seq: 0, events });
    const seen: [string, number, number][] = [];
    for (let from = 0; from < 8; ) {
      const { events: found, next, first } = await poll(log, "a", from);
      seen.push([found.map(({ offset }) => offset).join(" "), first, next]);
      from = next;
    }
    const rest = end === 8 ? ["5 6 7", 5, 8] : ["", 8, 8];
    assert.deepEqual(seen, [["0 1", 0, 2], rest]);
    log.close();
  }
});
