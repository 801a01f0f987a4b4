import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause, setImmediate as setImmediately } from "node:timers/promises";
import { AppendWindow } from "../../src/events/append-window.ts";
import {
  eventsIn,
  type PackedBatch,
  type StoredBlock,
  unpackBatch,
} from "../../src/events/core/packed-events.ts";
import { StorageExecutor } from "../../src/events/storage/executor.ts";
import { DureError, installScheduler } from "../../src/kit/index.ts";

type Fate = "answered" | "late" | "lost before" | "lost after" | "refused";

/** A log in memory behind a network that does to each append what `fateOf` says. */
function startLog(fateOf: () => Fate) {
  const executor = new StorageExecutor(":memory:");
  let running = 0;
  let mostAtOnce = 0;
  const store = (batch: PackedBatch) => {
    const [answer] = executor.execute([{ name: "append", input: batch, at: Date.now() }]);
    if (answer?.ok) return answer.value as { duplicates: number };
    throw new DureError(answer?.code ?? "INTERNAL", answer?.message ?? "");
  };
  async function append(batch: PackedBatch) {
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    try {
      const fate = fateOf();
      await pause(fate === "late" ? 10 : 3);
      if (fate === "lost before") throw new DureError("UNAVAILABLE", "lost");
      if (fate === "refused") throw new DureError("INTERNAL", "refused");
      const answer = store(batch);
      if (fate === "lost after") throw new DureError("UNAVAILABLE", "the answer was lost");
      return answer;
    } finally {
      running -= 1;
    }
  }
  const read = () => {
    const bounds = { eventsMax: 100_000, bytesMax: 1e9 };
    const [answer] = executor.execute([
      { name: "read", input: { topic: "t", from: 0, bounds }, at: 0 },
    ]);
    const { value } = answer as { value: StoredBlock[] };
    return eventsIn("t", value).map(({ body }) => Number(body));
  };
  return { append, read, mostAtOnce: () => mostAtOnce };
}

/** Publishes so many in bursts; resolves to the numbers of those that were acknowledged. */
async function publishAll(log: ReturnType<typeof startLog>, count: number): Promise<Set<number>> {
  const window = new AppendWindow({
    client: { append: log.append } as never,
    source: "test",
    onTaken() {},
  });
  const acknowledged = new Set<number>();
  const outcomes: Promise<void>[] = [];
  for (let number = 0; number < count; number += 1) {
    const event = { topic: "t", key: "k", head: "{}", body: String(number) };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    window.push({ event, chars: 500, resolve, reject });
    outcomes.push(
      promise.then(
        () => void acknowledged.add(number),
        () => undefined,
      ),
    );
    if (number % 1_000 === 999) await pause(1);
  }
  await Promise.all(outcomes);
  return acknowledged;
}

/** All that was acknowledged is there, each event once, in the order in which they were published. */
function assertStored(stored: readonly number[], acknowledged: ReadonlySet<number>): void {
  for (let index = 1; index < stored.length; index += 1)
    assert.ok((stored[index] as number) > (stored[index - 1] as number), "in order, each once");
  const found = new Set(stored);
  for (const number of acknowledged) assert.ok(found.has(number), `${number} is stored`);
}

test("many events go in several appends at a time, and none is lost or overtakes another", async () => {
  const log = startLog(() => "answered");
  const acknowledged = await publishAll(log, 20_000);
  assert.equal(acknowledged.size, 20_000);
  assert.equal(log.mostAtOnce(), 8);
  assertStored(log.read(), acknowledged);
});

test("an append that comes late, is lost or loses its answer changes neither order nor number", async () => {
  let count = 0;
  const fates: Fate[] = ["answered", "late", "answered", "lost before", "late", "lost after"];
  const log = startLog(() => fates[(count++ * 7) % fates.length] as Fate);
  const acknowledged = await publishAll(log, 3_000);
  assert.equal(acknowledged.size, 3_000);
  assertStored(log.read(), acknowledged);
});

test("an append that is given up fails alone: the one behind it is stored under new numbers", async () => {
  let count = 0;
  const log = startLog(() => (count++ % 4 === 1 ? "refused" : "answered"));
  const acknowledged = await publishAll(log, 20_000);
  assert.ok(acknowledged.size > 0 && acknowledged.size < 20_000, `${acknowledged.size}`);
  assertStored(log.read(), acknowledged);
});

/** Keeps 64 events in flight at a log that needs so long for each append; gives back how many were in each, and the most at once. */
async function keepInFlight(answerMs: number): Promise<{ counts: number[]; mostAtOnce: number }> {
  let time = 0;
  const uninstall = installScheduler({
    now: () => time,
    wallTime: () => 0,
    after: () => ({ cancel() {} }),
    random: () => 0,
  });
  const counts: number[] = [];
  let running = 0;
  let mostAtOnce = 0;
  let last: Promise<unknown> = Promise.resolve();
  async function append({ runs }: PackedBatch) {
    counts.push(runs.reduce((sum, { count }) => sum + count, 0));
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    // One after the other, each with a sync of its own.
    last = last.then(() => setImmediately()).then(() => setImmediately());
    await last;
    time += answerMs;
    running -= 1;
    return { duplicates: 0 };
  }
  const window = new AppendWindow({ client: { append } as never, source: "s", onTaken() {} });
  const event = { topic: "t", key: "", head: "{}", body: "1" };
  const publishAgainAndAgain = async () => {
    for (let number = 0; number < 50; number += 1)
      await new Promise<void>((resolve, reject) =>
        window.push({ event, chars: 300, resolve, reject }),
      );
  };
  try {
    await Promise.all(Array.from({ length: 64 }, publishAgainAndAgain));
  } finally {
    uninstall();
  }
  assert.equal(
    counts.reduce((sum, each) => sum + each),
    64 * 50,
  );
  return { counts, mostAtOnce };
}

test("while a log answers at once, one half of the events is made while it stores the other", async () => {
  const { counts, mostAtOnce } = await keepInFlight(0.5);
  assert.equal(mostAtOnce, 2);
  assert.equal(counts[0], 64, "the first answer tells how quick the log is");
  assert.deepEqual([...new Set(counts.slice(1))], [32]);
});

test("of a log that takes its time each sync serves as many events as wait", async () => {
  const { counts, mostAtOnce } = await keepInFlight(5);
  assert.equal(mostAtOnce, 1);
  assert.deepEqual([...new Set(counts)], [64]);
});

test("what is published at once of several topics is packed by topic, in the order of each", async () => {
  const batches: PackedBatch[] = [];
  const append = async (batch: PackedBatch) => void batches.push(batch);
  const window = new AppendWindow({ client: { append } as never, source: "s", onTaken() {} });
  const published = ["a", "b", "a", "c", "b", "a"].map((topic, number) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const event = { topic, key: "", head: "{}", body: `${number}` };
    window.push({ event, chars: 3, resolve, reject });
    return promise;
  });
  await Promise.all(published);
  const { events } = unpackBatch(batches[0] as PackedBatch);
  assert.deepEqual(
    batches.map(({ runs }) => runs.map(({ topic, count }) => [topic, count])),
    [
      [
        ["a", 3],
        ["b", 2],
        ["c", 1],
      ],
    ],
  );
  assert.deepEqual(
    events.map(({ body }) => body),
    ["0", "2", "5", "1", "4", "3"],
  );
});
