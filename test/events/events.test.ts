import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { openStorage } from "../../src/events/index.ts";
import { eventsSuite } from "./support/events-suite.ts";

describe("the event log in files", () => {
  const folder = mkdtempSync(join(tmpdir(), "dure-events-"));
  after(() => rmSync(folder, { recursive: true }));
  eventsSuite(() => openStorage(folder));
});
