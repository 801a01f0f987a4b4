import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Migrations, openDatabase } from "../../examples/shop/parts/database.ts";

test("tables that were half built when it ended are built by the next one, however many begin at once", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dure-database-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const place = { DURE_DATA: folder, DATABASE_URL: { reveal: () => undefined } };
  const build = (second: () => void): Migrations => ({
    "1-both": async (db) => {
      await db.schema.createTable("first").addColumn("id", "integer").execute();
      second();
      await db.schema.createTable("second").addColumn("id", "integer").execute();
    },
  });
  const failing = build(() => {
    throw new Error("it ended");
  });
  await assert.rejects(openDatabase("half", place, failing), /it ended/);
  const open = () =>
    openDatabase<{ second: { id: number } }>(
      "half",
      place,
      build(() => {}),
    );
  const databases = await Promise.all([open(), open(), open()]);
  for (const { db, close } of databases) {
    assert.deepEqual(await db.selectFrom("second").selectAll().execute(), []);
    await close();
  }
});
