import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { sqliteDatabase } from "./support/databases.ts";
import { outboxSuite } from "./support/outbox-suite.ts";

describe("outbox and inbox on SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "dure-outbox-"));
  after(() => rmSync(folder, { recursive: true }));
  outboxSuite(async () => sqliteDatabase(join(folder, "data.db")));
});
