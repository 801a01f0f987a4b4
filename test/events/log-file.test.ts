/** The log's file among processes and versions. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openStorage, type Storage } from "../../src/events/index.ts";
import { rowChecksum } from "../../src/events/storage/damage.ts";
import { readEvents, storeEvents } from "./support/stored-events.ts";

const root = mkdtempSync(join(tmpdir(), "dure-log-file-"));
after(() => rmSync(root, { recursive: true }));
const program = fileURLToPath(new URL("support/hold-log.ts", import.meta.url));
const bounds = { eventsMax: 100, bytesMax: 100_000 };

async function readAll(storage: Storage, topic: string) {
  return readEvents(storage, { topic, from: 0, bounds });
}

test("a second process is refused while the first one lives, and opens at once when that was killed", async () => {
  const folder = join(root, "two");
  const first = spawn(
    process.execPath,
    ["--conditions=dure-source", "--no-warnings", program, folder],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  await once(first.stdout, "data");
  await assert.rejects(openStorage(folder), {
    code: "ALREADY_EXISTS",
    message: /events\.db is in use by another process/,
  });
  const exited = once(first, "exit");
  first.kill("SIGKILL");
  await exited;
  const storage = await openStorage(folder);
  assert.equal((await readAll(storage, "held.fast")).length, 1);
  await storage.close();
});

test("a file of a newer version is refused with what to do, and left as it is", async () => {
  const folder = join(root, "newer");
  await (await openStorage(folder)).close();
  const path = join(folder, "events.db");
  const database = new DatabaseSync(path);
  database
    .prepare("update meta set value = 9, crc = ? where name = 'format'")
    .run(rowChecksum("format", 9));
  database.exec("create table of_a_newer_version (anything)");
  database.close();
  const before = readFileSync(path);
  await assert.rejects(openStorage(folder), {
    code: "FAILED_PRECONDITION",
    message:
      /events\.db was written by a newer version \(format 9, this one reads 2\); upgrade Dure/,
  });
  assert.deepEqual(readFileSync(path), before);
});

test("a file from before the first release is refused with what to do, and left as it is", async () => {
  const folder = join(root, "before");
  mkdirSync(folder);
  const path = join(folder, "events.db");
  const database = new DatabaseSync(path);
  database.exec("pragma journal_mode = wal");
  database.exec(
    "create table meta (name text primary key, value integer not null, crc integer not null) without rowid",
  );
  const crc = rowChecksum("format", 1);
  database.prepare("insert into meta values ('format', 1, ?)").run(crc);
  database.close();
  const before = readFileSync(path);
  await assert.rejects(openStorage(folder), {
    code: "FAILED_PRECONDITION",
    message:
      /events\.db was written by an older version \(format 1, this one reads 2\).*another folder/,
  });
  assert.deepEqual(readFileSync(path), before);
});

test("a file of every version since the first one opens, with its events, cursors, parked events and letters", async () => {
  const folder = join(root, "older");
  mkdirSync(folder);
  const database = new DatabaseSync(join(folder, "events.db"));
  database.exec(readFileSync(new URL("support/format-2.sql", import.meta.url), "utf8"));
  database.close();
  const storage = await openStorage(folder);
  const events = await readAll(storage, "orders.placed");
  assert.deepEqual(
    events.map(({ offset, id, key, body, at }) => [offset, id, key, body, at]),
    [0, 1, 2].map((n) => [n, `shop:7:${n}`, `k${n}`, `{"n":${n}}`, 1_700_000_000_000]),
  );
  const group = await storage.call("openGroup", {
    name: "search",
    topic: "orders.placed",
    start: "now",
  });
  assert.deepEqual([...group.cursors.slice(0, 4)], [1, 0, 3, 0]);
  assert.deepEqual(
    group.parked.map(({ offset, due, history }) => [offset, due, history[0]?.message]),
    [[1, 1_700_000_001_000, "not now"]],
  );
  const letters = await storage.call("deadLetters", { after: 0, max: 10 });
  assert.deepEqual(
    letters.map(({ group: name, event, history }) => [name, event.offset, history[0]?.message]),
    [["search", 2, "never"]],
  );
  const again = { source: "shop", epoch: 7, seq: 2, events: events.slice(2) };
  assert.equal((await storeEvents(storage, again)).duplicates, 1, "sources are remembered");
  await storage.close();
});
