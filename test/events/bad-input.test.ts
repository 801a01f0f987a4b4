/** Events that are too large, unknown, of another version, or that no handler can do; in virtual time, because retries take long. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { packBatch } from "../../src/events/core/packed-events.ts";
import { eventLog, eventLogService, memoryStorage, meshEvents } from "../../src/events/index.ts";
import { contract, event, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { type VirtualTime, virtualTime } from "../../src/testing/index.ts";
import { createMemoryNetwork } from "../../src/wire/index.ts";
import { readEvents, storeEvents } from "./support/stored-events.ts";

const Job = z.object({ id: z.string(), n: z.int(), fill: z.string().optional() });
type JobData = z.infer<typeof Job>;
const jobs = contract("jobs", {
  add: op({ input: z.object({ id: z.string(), n: z.int(), size: z.int() }) }),
  added: event(Job, { key: ({ id }) => id }),
});

const network = createMemoryNetwork({ latencyMs: () => 0.5 });
const nodes: MeshNode[] = [];
let time: VirtualTime;
let distributor: Distributor;
let publisher: MeshNode;

before(async () => {
  time = virtualTime(7);
  distributor = await createDistributor({ mesh: "test", port: 7_000, transport: network });
  await join("log", [eventLogService({ storage: async () => memoryStorage() })]);
  publisher = await join("jobs", [
    service(jobs, ({ handle }) =>
      handle({
        add: ({ id, n, size }, ctx) => ctx.publish(jobs.added, { id, n, fill: "x".repeat(size) }),
      }),
    ),
  ]);
});
after(async () => {
  const closing = Promise.all([...nodes.map((node) => node.close()), distributor.close()]);
  await time.advance(10_000);
  await closing;
  time.uninstall();
});

/** Lets time pass until it resolves. */
async function within<Value>(promise: Promise<Value>, ms = 20_000): Promise<Value> {
  let isOver = false;
  promise
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  for (let passed = 0; !isOver && passed < ms; passed += 50) await time.advance(50);
  assert.ok(isOver, `not within ${ms} ms`);
  return promise;
}

async function join(name: string, services: Parameters<typeof createNode>[0]["services"]) {
  const distributors = [{ host: "127.0.0.1", port: 7_000 }];
  const options = { distributors, transport: network, events: meshEvents(), logger: silentLogger };
  const node = await within(createNode({ name, mesh: "test", services, ...options }));
  nodes.push(node);
  return node;
}

const logClient = () => publisher.client(eventLog);
const add = (id: string, n: number, size = 0) =>
  within(publisher.client(jobs).add({ id, n, size }));
const letters = async (group: string) =>
  (await within(logClient().deadLetters({ group, after: 0, max: 100 }))).letters;

let sequence = 0;
/** As somebody publishes who knows no contract, or a newer one. */
async function append(topic: string, ...bodies: string[]): Promise<void> {
  const events = bodies.map((body) => ({ topic, key: "raw", head: "{}", body }));
  sequence += 1;
  const source = `raw-${sequence}`;
  await within(logClient().append(packBatch({ source, epoch: 1, seq: 0, events })));
}

/** A group that handles jobs. */
async function startGroup(group: string, onJob: (job: JobData) => unknown, topic = jobs.added) {
  return join(group, [
    service(contract(group, {}), {
      setup({ on, handle }) {
        on(topic, (job) => void onJob(job), { group });
        return handle({});
      },
    }),
  ]);
}

test("an event that no handler can do holds up its key for eight attempts, becomes a letter with all of them, and can be replayed", async () => {
  const seen: string[] = [];
  const attempts: number[] = [];
  let isHealed = false;
  await startGroup("poisoned", ({ id, n }) => {
    if (id === "bad" && n === 0 && !isHealed) {
      attempts.push(time.now());
      throw new Error("cannot be done");
    }
    seen.push(`${id}.${n}`);
  });
  for (const n of [0, 1]) await add("bad", n);
  await add("good", 0);
  await time.advance(3_000);
  assert.deepEqual(seen, ["good.0"], "its key waits and others go on");
  await time.advance(60_000);
  assert.deepEqual(seen, ["good.0", "bad.1"], "its key goes on");
  assert.equal(attempts.length, 8);
  const [letter, ...others] = await letters("poisoned");
  assert.deepEqual(others, []);
  assert.equal(letter?.history.length, 8);
  for (const { message, stack } of letter?.history ?? []) {
    assert.equal(message, "cannot be done");
    assert.match(stack ?? "", /bad-input/);
  }
  isHealed = true;
  await within(logClient().replay({ id: letter?.id ?? 0 }));
  await time.advance(5_000);
  assert.deepEqual(seen, ["good.0", "bad.1", "bad.0"]);
  assert.deepEqual(await letters("poisoned"), []);
});

test("an event of 10 MB is refused by itself, and nobody else's", async () => {
  const large = publisher.client(jobs).add({ id: "large", n: 0, size: 10_000_000 });
  const small = publisher.client(jobs).add({ id: "small", n: 0, size: 0 });
  await assert.rejects(within(large), {
    code: "INVALID_ARGUMENT",
    message: /the most is 1048576\. Store the data elsewhere/,
  });
  await within(small);
  await assert.rejects(append("jobs.added", `"${"x".repeat(2_000_000)}"`), {
    code: "INVALID_ARGUMENT",
  });
  await assert.rejects(append("jobs.added", `"${"x".repeat(10_000_000)}"`));
  await add("small", 1);
});

test("an event of a type that nobody knows is kept, and comes to who wants it later", async () => {
  await append("unknown.came", '{"id":"u","n":1}');
  const { topics } = await within(logClient().overview());
  assert.equal(topics.find(({ name }) => name === "unknown.came")?.next, 1);
  const unknown = contract("unknown", { came: event(Job) });
  const seen: number[] = [];
  await startGroup("later", ({ n }) => seen.push(n), unknown.came);
  await time.advance(5_000);
  assert.deepEqual(seen, [1]);
});

test("of a newer version, what fits is handled without what is new, and what does not is a letter at once", async () => {
  const versions = contract("versions", { came: event(Job) });
  const seen: JobData[] = [];
  await startGroup("old", (job) => seen.push(job), versions.came);
  await append(
    "versions.came",
    '{"id":"a","n":1,"unheardOf":true}',
    '{"id":"a","n":"two"}',
    "this is not JSON",
    '{"id":"a","n":3}',
  );
  await time.advance(4_000);
  assert.deepEqual(seen, [
    { id: "a", n: 1 },
    { id: "a", n: 3 },
  ]);
  const found = await letters("old");
  assert.deepEqual(
    found.map(({ history }) => history.map(({ code }) => code)),
    [["INVALID_ARGUMENT"], ["INVALID_ARGUMENT"]],
  );
  assert.match(found[0]?.history[0]?.message ?? "", /versions\.came\.n/);
  assert.match(found[1]?.history[0]?.message ?? "", /not JSON/);
});

test("any text is kept as it is", async () => {
  const storage = memoryStorage();
  const texts = ["", "a\0b", '\u{1f9ea} \u2028 \\ "', "line\nline", "\ufeffbom", "x".repeat(1_000)];
  const events = texts.map((text) => ({
    topic: "t",
    key: text,
    head: "{}",
    body: JSON.stringify(text) + text,
  }));
  await storeEvents(storage, { source: "s", epoch: 1, seq: 0, events });
  const bounds = { eventsMax: 100, bytesMax: 1e9 };
  const read = await readEvents(storage, { topic: "t", from: 0, bounds });
  assert.deepEqual(
    read.map(({ key, body }) => [key, body]),
    events.map(({ key, body }) => [key, body]),
  );
  await storage.close();
});

test("megabytes of events come to their group, also those that wait behind a failed one when their member leaves", async () => {
  const size = 20_000;
  const count = 300;
  await Promise.all(
    Array.from({ length: count }, (_, n) =>
      publisher.client(jobs).add({ id: "bulk", n, size }),
    ).map((each) => within(each)),
  );
  const seen: number[] = [];
  let isStuck = true;
  const onJob = ({ id, n }: JobData) => {
    if (id !== "bulk") return;
    if (isStuck) throw new Error("not yet");
    seen.push(n);
  };
  const first = await startGroup("bulky", onJob);
  await time.advance(3_000);
  const parked = async () =>
    (await within(logClient().overview())).groups.find(({ name }) => name === "bulky")?.parked;
  assert.equal(await parked(), count);
  nodes.splice(nodes.indexOf(first), 1);
  await within(first.drain());
  await within(first.close());
  isStuck = false;
  await startGroup("bulky", onJob);
  await time.advance(20_000);
  assert.deepEqual(
    seen,
    Array.from({ length: count }, (_, n) => n),
  );
  assert.equal(await parked(), 0);
});
