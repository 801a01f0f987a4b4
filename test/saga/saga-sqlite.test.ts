import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { sqliteDatabase } from "../events/support/databases.ts";
import { sagaSuite } from "./support/saga-suite.ts";

describe("sagas on SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "dure-saga-"));
  after(() => rmSync(folder, { recursive: true }));
  sagaSuite(async () => sqliteDatabase(join(folder, "data.db")));
});
