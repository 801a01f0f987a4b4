/**
 * Bits that flip on the disk, long after they were written. Whatever is asked of the file then is right, or it is DATA_LOSS naming the
 * file: never something else than what was stored, and nothing is deleted.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { eventsIn, packBatch, type StoredBlock } from "../../src/events/core/packed-events.ts";
import { memoryStorage } from "../../src/events/index.ts";
import type { StorageRequest } from "../../src/events/storage/requests.ts";
import { generator } from "../wire/support/mutations.ts";
import { type DiskImage, readImage, writeImage } from "./support/disk-image.ts";
import { LogModel, type LogState, openLog, run, stateOf } from "./support/log-model.ts";
import { storeEvents } from "./support/stored-events.ts";

const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const random = generator(seed);
const root = mkdtempSync(join(tmpdir(), "dure-damage-"));
after(() => rmSync(root, { recursive: true }));
const imageFolder = join(root, "image");

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << random(8));
  return copy;
}

/** What opening and reading an image gives: its state, or the error. */
function lookAt(image: DiskImage): LogState | (Error & { code?: string; path?: string }) {
  writeImage(imageFolder, image);
  try {
    const log = openLog(imageFolder);
    try {
      return stateOf(log);
    } finally {
      log.close();
    }
  } catch (thrown) {
    return thrown as Error;
  }
}

function assertTold(found: unknown, where: string): void {
  assert.ok(found instanceof Error, `${where}: something else than what was stored was given`);
  const { code, message } = found as Error & { code?: string };
  // A bit of the header says whether the file may be written.
  if (code !== "FAILED_PRECONDITION") assert.equal(code, "DATA_LOSS", `${where}: ${found.stack}`);
  assert.match(message, /events\.db/, where);
}

test(`one bit that flips in the database is harmless or told (DURE_TEST_SEED=${seed})`, (t) => {
  const folder = join(root, "database");
  const model = new LogModel(random);
  const log = openLog(folder);
  for (let transaction = 0; transaction < 40; transaction += 1) run(log, model.transaction(300));
  log.close();
  const { database, wal } = readImage(folder);
  assert.equal(wal.length, 0);
  const counts = { harmless: 0, told: 0 };
  for (let round = 0; round < 900; round += 1) {
    // Headers of pages and of the file decide most.
    const page = random(database.length / 4096) * 4096;
    const at = round % 3 === 0 ? page + random(page === 0 ? 250 : 100) : random(database.length);
    const found = lookAt({ database: flipped(database, at), wal });
    if (isDeepStrictEqual(found, model.state)) counts.harmless += 1;
    else {
      counts.told += 1;
      assertTold(found, `byte ${at}`);
    }
  }
  assert.ok(counts.told > 100);
  t.diagnostic(`${counts.harmless} were harmless, ${counts.told} were told`);
});

test(`one bit that flips in the write-ahead log is harmless or told, but for the last transaction (DURE_TEST_SEED=${seed})`, (t) => {
  const folder = join(root, "wal");
  const model = new LogModel(random);
  const log = openLog(folder);
  let withoutLast = model.state;
  let last = 0;
  for (let transaction = 0; transaction < 20; transaction += 1) {
    withoutLast = structuredClone(model.state);
    last = readImage(folder).wal.length;
    run(log, model.transaction(300));
  }
  const { database, wal } = readImage(folder);
  log.close();
  const counts = { harmless: 0, told: 0, last: 0 };
  for (let round = 0; round < 300; round += 1) {
    const at =
      round % 3 === 0
        ? 32 + random((wal.length - 32) / 4120) * 4120 + random(24)
        : random(wal.length);
    const found = lookAt({ database, wal: flipped(wal, at) });
    if (isDeepStrictEqual(found, model.state)) counts.harmless += 1;
    else if (at >= last && isDeepStrictEqual(found, withoutLast)) counts.last += 1;
    else {
      counts.told += 1;
      assertTold(found, `byte ${at} of ${wal.length}, the last transaction from ${last}`);
    }
  }
  assert.ok(counts.told > 100);
  t.diagnostic(`${counts.told} were told, ${counts.last} looked like a power cut`);
});

test("a damaged block is told with its first offset, what comes before it is read, and other topics are served", async () => {
  const folder = join(root, "one");
  const log = openLog(folder);
  const append = (topic: string, seq: number, text: string): StorageRequest => {
    const events = Array.from({ length: 10 }, (_, index) => ({
      topic,
      key: "",
      head: "{}",
      body: `${text}${seq + index}.`,
    }));
    return { name: "append", input: packBatch({ source: topic, epoch: 1, seq, events }), at: 1 };
  };
  for (let seq = 0; seq < 50; seq += 10)
    run(log, [append("bad", seq, "spoilt"), append("good", seq, "sound")]);
  log.close();
  const { database, wal } = readImage(folder);
  const at = database.indexOf("spoilt33.");
  assert.ok(at > 0);
  writeImage(imageFolder, { database: flipped(database, at), wal });
  const damaged = openLog(imageFolder);
  const read = (topic: string, from: number) => {
    const input = { topic, from, bounds: { eventsMax: 100, bytesMax: 10_000 } };
    const [blocks] = run(damaged, [{ name: "read", input, at: 0 }]) as [StoredBlock[]];
    return eventsIn(topic, blocks, from);
  };
  assert.equal(read("bad", 0).length, 30);
  for (const from of [30, 37])
    assert.throws(
      () => read("bad", from),
      (error: Error & { code?: string; details?: unknown }) => {
        assert.equal(error.code, "DATA_LOSS");
        assert.match(error.message, new RegExp(`event ${from} of bad .*nothing was deleted`));
        const path = join(imageFolder, "events.db");
        assert.deepEqual(error.details, { path, topic: "bad", offset: from });
        return true;
      },
    );
  assert.equal(read("bad", 40).length, 10, "readers may go on after it");
  assert.equal(read("good", 0).length, 50);
  run(damaged, [append("good", 50, "more")]);
  assert.equal(read("good", 0).length, 60);
  assert.equal(read("good", 55)[0]?.body, "more55.");
  damaged.close();
});

test("an outbox goes on where the log does not know it, as after a restored backup; a node does not", async () => {
  const storage = memoryStorage();
  const events = [{ topic: "t", key: "", head: "{}", body: "1" }];
  const append = (seq: number) => storeEvents(storage, { source: "outbox", epoch: 0, seq, events });
  assert.equal((await append(7)).duplicates, 0);
  assert.equal((await append(7)).duplicates, 1);
  await append(8);
  await assert.rejects(append(10), { code: "OUT_OF_RANGE" });
  // One that counts in memory sends more than one append at once: the second must not take the place of the first.
  const inMemory = { source: "node", epoch: 5, events };
  await assert.rejects(storeEvents(storage, { ...inMemory, seq: 1 }), { code: "OUT_OF_RANGE" });
  assert.equal((await storeEvents(storage, { ...inMemory, seq: 0 })).duplicates, 0);
  await storage.close();
});
