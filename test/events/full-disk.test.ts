import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openStorage } from "../../src/events/index.ts";
import { until } from "../support/until.ts";
import { readEvents } from "./support/stored-events.ts";

const program = fileURLToPath(new URL("support/fill-log.ts", import.meta.url));
/** In blocks of 512 bytes: 4 MiB. */
const roomBlocks = 8_192;

/** A log that may write files of 4 MiB only: the system refuses the rest, as it does with a quota, and nobody needs to be root. */
function startFilling(folder: string) {
  const child = spawn(
    "sh",
    [
      "-c",
      `ulimit -S -f ${roomBlocks}; exec "$0" --conditions=dure-source --no-warnings "$1" "$2" 0`,
      process.execPath,
      program,
      folder,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const lines: string[] = [];
  child.stdout.on("data", (chunk) => lines.push(...String(chunk).split("\n").filter(Boolean)));
  const exited = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return { child, lines, exited };
}

test("a disk without room is an error to publishers and nothing else; they go on when there is room", {
  skip: process.platform !== "linux",
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dure-full-"));
  const { child, lines, exited } = startFilling(folder);
  t.after(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  const refused = () => lines.filter((line) => !/^\d+$/.test(line));
  await until("the disk is full", () => refused().length >= 5);
  assert.deepEqual(
    [...new Set(refused())],
    ["RESOURCE_EXHAUSTED"],
    "and what is there can be read",
  );
  const stored = lines.filter((line) => /^\d+$/.test(line)).length;
  assert.ok(stored > 10, "some had found room");

  execFileSync("prlimit", ["--pid", String(child.pid), "--fsize=unlimited"]);
  const acknowledged = () => Number(lines.findLast((line) => /^\d+$/.test(line)));
  await until("there is room again", () => acknowledged() > (stored + 20) * 10);
  assert.deepEqual([...new Set(refused())], ["RESOURCE_EXHAUSTED"]);
  child.kill("SIGKILL");
  await exited;

  const storage = await openStorage(folder);
  const bounds = { eventsMax: 100_000, bytesMax: 1_000_000_000 };
  const events = await readEvents(storage, { topic: "filled.up", from: 0, bounds });
  await storage.close();
  assert.ok(events.length >= acknowledged());
  for (const [index, { offset, body }] of events.entries()) {
    assert.equal(offset, index);
    assert.equal(JSON.parse(body).seq, index, "each once and in order");
  }
});
