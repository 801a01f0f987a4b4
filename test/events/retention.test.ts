/** What is dropped and when: whole segments, by age and by size, and never in silence. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { z } from "zod";
import { serviceDefinition } from "../../src/contract/index.ts";
import { laneOf, lanesToText } from "../../src/events/core/lanes.ts";
import { eventsIn, packBatch } from "../../src/events/core/packed-events.ts";
import { unpackAnswer } from "../../src/events/core/poll-answer.ts";
import {
  eventLogService,
  memoryStorage,
  meshEvents,
  type Storage,
} from "../../src/events/index.ts";
import { contract, event, service } from "../../src/index.ts";
import { installScheduler } from "../../src/kit/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { type Logger, Metrics } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";
import { readEvents, storeEvents } from "./support/stored-events.ts";

const hourMs = 3_600_000;
const topic = "bulk.came";
const bulk = contract("bulk", { came: event(z.object({ n: z.int() })) });
const megabyte = "x".repeat(1_000_000);
/** A segment is closed at 64 MiB. */
const segmentEvents = 67;

/** Stores events of a megabyte each at a time of the clock. */
async function fill(storage: Storage, count: number, from: number, at: number): Promise<void> {
  const uninstall = installScheduler({
    now: () => 0,
    wallTime: () => at,
    after: () => ({ cancel() {} }),
    random: () => 0,
  });
  try {
    for (let n = from; n < from + count; n += 1) {
      const body = JSON.stringify({ n, fill: megabyte });
      const events = [{ topic, key: "", head: "{}", body }];
      await storeEvents(storage, { source: "bulk", epoch: 1, seq: n, events });
    }
  } finally {
    uninstall();
  }
}

async function kept(storage: Storage) {
  const { topics } = await storage.call("overview", undefined);
  const found = topics.find(({ name }) => name === topic);
  return { first: found?.first, next: found?.next };
}

const forever = { keepMs: 1_000 * 24 * hourMs, keepBytes: 1e12 };

test("segments go by age when their newest event is too old, and by size the oldest first; the last one stays", async () => {
  const storage = memoryStorage();
  await fill(storage, segmentEvents * 2, 0, 10 * hourMs);
  await fill(storage, segmentEvents, segmentEvents * 2, 20 * hourMs);
  const retain = (changed: object, now = 20 * hourMs) =>
    storage.call("retain", { ...forever, ...changed, now });
  assert.equal(await retain({ keepMs: 11 * hourMs }), 0);
  assert.deepEqual(await kept(storage), { first: 0, next: 201 });
  assert.equal(await retain({ keepBytes: 150e6 }), 1);
  assert.deepEqual(await kept(storage), { first: segmentEvents, next: 201 });
  assert.equal(await retain({ keepMs: 5 * hourMs }), 1);
  assert.deepEqual(await kept(storage), { first: segmentEvents * 2, next: 201 });
  assert.equal(await retain({ keepMs: 0, keepBytes: 0 }, 1_000 * hourMs), 0);
  const bounds = { eventsMax: 5, bytesMax: 1 };
  const [oldest] = await readEvents(storage, { topic, from: 0, bounds });
  assert.equal(oldest?.offset, segmentEvents * 2);
  await storage.close();
});

test("a clock that is set back an hour reorders nothing and drops nothing", async () => {
  const storage = memoryStorage();
  await fill(storage, segmentEvents, 0, 10 * hourMs);
  await fill(storage, segmentEvents, segmentEvents, 9 * hourMs);
  const read = async (from: number) => {
    const bounds = { eventsMax: 1, bytesMax: 1 };
    return (await readEvents(storage, { topic, from, bounds }))[0];
  };
  assert.deepEqual(
    [(await read(0))?.at, (await read(segmentEvents))?.at],
    [10 * hourMs, 10 * hourMs],
    "no event is older than the one before it",
  );
  const keepMs = 2 * hourMs;
  assert.equal(await storage.call("retain", { ...forever, keepMs, now: 9 * hourMs }), 0);
  await storage.close();
});

test("a clock that is set forward while the log runs drops nothing early", async (t) => {
  const storage = memoryStorage();
  await fill(storage, segmentEvents * 2, 0, 10 * hourMs);
  let now = 0;
  let wallTime = 10 * hourMs;
  const timers: (() => void)[] = [];
  t.after(
    installScheduler({
      now: () => now,
      wallTime: () => wallTime,
      after(_, run) {
        timers.push(run);
        return { cancel() {} };
      },
      random: () => 0,
    }),
  );
  const stops: (() => unknown)[] = [];
  const host = {
    onStop: (stop: () => unknown) => stops.push(stop),
    handle: (handlers: unknown) => handlers,
    log: { info() {}, error() {} },
    metrics: new Metrics(),
    signal: new AbortController().signal,
  };
  const log = eventLogService({ storage: async () => storage, retention: { keepMs: 24 * hourMs } });
  await serviceDefinition(log).setup(host as never);
  const minutePasses = async () => {
    now += 60_000;
    for (const run of timers.splice(0)) run();
    return kept(storage);
  };
  wallTime += 1_000 * hourMs;
  assert.deepEqual(await minutePasses(), { first: 0, next: segmentEvents * 2 });
  now += 25 * hourMs;
  assert.deepEqual(await minutePasses(), { first: segmentEvents, next: segmentEvents * 2 });
  for (const stop of stops) await stop();
});

test("events of other lanes are not taken for lost", async () => {
  const storage = memoryStorage();
  const events = ["other", "other", "own"].map((key) => ({ topic, key, head: "{}", body: "1" }));
  await storeEvents(storage, { source: "bulk", epoch: 1, seq: 0, events: events.slice(0, 2) });
  const definition = serviceDefinition(eventLogService({ storage: async () => storage }));
  const { signal } = new AbortController();
  const host = {
    onStop() {},
    handle: (handlers: unknown) => handlers,
    log: { info() {} },
    metrics: new Metrics(),
    signal,
  };
  const log = (await definition.setup(host as never)) as unknown as LogHandlers;
  const input = { topic, from: 0, lanes: lanesToText([laneOf("own")]), max: 10, waitMs: 5_000 };
  const polling = log.poll(input, { signal });
  await log.append(packBatch({ source: "bulk", epoch: 1, seq: 2, events: events.slice(2) }));
  const { first, next, blocks } = unpackAnswer(await polling);
  assert.deepEqual(
    eventsIn(topic, blocks).map(({ offset }) => offset),
    [2],
  );
  assert.deepEqual([first, next], [0, 3], "nothing is missing since 0");
  await storage.close();
});

interface LogHandlers {
  append(batch: object): Promise<unknown>;
  poll(input: object, ctx: { signal: AbortSignal }): Promise<Uint8Array>;
}

test("a group that retention has overtaken is told with offsets, and goes on with what is there", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const nodes: MeshNode[] = [];
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await distributor.close();
  });
  const errors: { message: string; fields: object | undefined }[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (message, fields) => void errors.push({ message, fields }),
    child: () => logger,
  };
  const join = async (name: string, services: Parameters<typeof createNode>[0]["services"]) => {
    const distributors = [{ host: "127.0.0.1", port: distributor.port }];
    const events = meshEvents();
    const node = await createNode({ name, mesh: "test", distributors, services, events, logger });
    nodes.push(node);
    return node;
  };
  const storage = memoryStorage();
  await storage.call("openGroup", { name: "slow", topic, start: "beginning" });
  await fill(storage, segmentEvents + 3, 0, 10 * hourMs);
  await storage.call("retain", { keepMs: hourMs, keepBytes: 1e12, now: 20 * hourMs });
  await join("log", [eventLogService({ storage: async () => storage })]);
  const seen: number[] = [];
  await join("slow", [
    service(contract("slow", {}), {
      setup({ on, handle }) {
        on(bulk.came, ({ n }) => void seen.push(n));
        return handle({});
      },
    }),
  ]);
  await until("the rest has come", () => seen.length === 3);
  assert.deepEqual(seen.sort(), [67, 68, 69]);
  const [told, ...others] = errors;
  assert.match(told?.message ?? "", /dropped by retention/);
  assert.deepEqual(told?.fields, {
    group: "slow",
    topic,
    from: 0,
    first: segmentEvents,
    lost: segmentEvents,
  });
  assert.deepEqual(others, [], "once");
});
