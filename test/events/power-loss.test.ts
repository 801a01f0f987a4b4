/**
 * Power cuts. Between two moments at which everything is on disk the power goes: of what was written since then, any part is there.
 * Each such image is opened, and has to hold all transactions that were acknowledged, and the last one entirely or not at all.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { generator } from "../wire/support/mutations.ts";
import { type DiskImage, imageBetween, readImage, writeImage } from "./support/disk-image.ts";
import { LogModel, type LogState, openLog, run, stateOf } from "./support/log-model.ts";

const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const random = generator(seed);
const root = mkdtempSync(join(tmpdir(), "dure-power-"));
after(() => rmSync(root, { recursive: true }));
const folder = join(root, "log");
const imageFolder = join(root, "image");
const imagesPerCut = 6;

/** Opens an image; gives back whether the last transaction is in it. */
function holds(image: DiskImage, without: LogState, withLast: LogState): boolean {
  writeImage(imageFolder, image);
  const log = openLog(imageFolder);
  const state = stateOf(log);
  log.close();
  const hasLast = isDeepStrictEqual(state, withLast);
  assert.deepEqual(state, hasLast ? withLast : without);
  return hasLast;
}

test(`a power cut loses nothing that was acknowledged (DURE_TEST_SEED=${seed})`, (t) => {
  const model = new LogModel(random);
  let log = openLog(folder);
  let before = readImage(folder);
  const counts = { images: 0, withLast: 0, moved: 0 };
  for (let transaction = 0; transaction < 45; transaction += 1) {
    const without = structuredClone(model.state);
    const requests = model.transaction(600);
    run(log, requests);
    const written = readImage(folder);
    for (let cut = 0; cut < imagesPerCut; cut += 1) {
      const image = imageBetween(random, before, written);
      counts.images += 1;
      if (holds(image, without, model.state)) counts.withLast += 1;
      else {
        // Its publishers had no answer and ask again.
        const again = openLog(imageFolder);
        run(again, requests);
        assert.deepEqual(stateOf(again), model.state, "what was sent again is stored once");
        again.close();
      }
    }
    before = written;
    if (random(8) > 0) continue;
    // A log that ends moves everything into the database and deletes the rest.
    log.close();
    const closed = readImage(folder);
    for (let cut = 0; cut < imagesPerCut; cut += 1) {
      const moving = imageBetween(random, before, { ...closed, wal: before.wal });
      counts.moved += 1;
      assert.ok(holds(moving, model.state, model.state));
    }
    assert.ok(holds({ ...closed, wal: before.wal }, model.state, model.state));
    log = openLog(folder);
    before = readImage(folder);
  }
  log.close();
  assert.ok(counts.withLast > 20 && counts.images - counts.withLast > 20, "both were met");
  t.diagnostic(`${counts.images} images, ${counts.withLast} with the transaction that was cut`);
  t.diagnostic(`${counts.moved} images of a log that ends`);
});

test(`a power cut while the database takes over from the write-ahead log loses nothing (DURE_TEST_SEED=${seed})`, (t) => {
  const big = join(root, "big");
  const model = new LogModel(random);
  const log = openLog(big);
  let before = readImage(big);
  let checkpoints = 0;
  let restarts = 0;
  while (restarts < 2) {
    const without = structuredClone(model.state);
    run(log, model.transaction(150_000));
    const written = readImage(big);
    const isCheckpoint = !written.database.equals(before.database);
    const isRestart = !isCheckpoint && written.wal.compare(before.wal, 0, 32, 0, 32) !== 0;
    if (isCheckpoint) checkpoints += 1;
    if (isRestart && before.wal.length > 32) restarts += 1;
    for (let cut = 0; cut < 4 && (isCheckpoint || isRestart); cut += 1) {
      const hasLast = holds(imageBetween(random, before, written), without, model.state);
      if (isCheckpoint) assert.ok(hasLast, "it was synced before");
    }
    before = written;
  }
  log.close();
  assert.ok(checkpoints >= 2);
  t.diagnostic(`${checkpoints} checkpoints, ${restarts} times begun anew`);
});
