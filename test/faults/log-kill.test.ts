import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStorage } from "../../src/events/index.ts";
import { readEvents } from "../events/support/stored-events.ts";

const rounds = process.env.CI ? 200 : 30;
const program = fileURLToPath(new URL("support/append.ts", import.meta.url));

/** Runs the program on the folder, kills it at a random moment, and gives back what it had acknowledged, by source. */
async function runAndKill(folder: string, epoch: number): Promise<Map<string, number>> {
  const child = spawn(
    process.execPath,
    ["--conditions=dure-source", "--no-warnings", program, folder, String(epoch)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  const exited = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.startsWith("open\n")) resolve();
    });
    child.on("close", () => resolve());
  });
  await pause(Math.random() * 60);
  child.kill("SIGKILL");
  await exited;
  assert.ok(text.startsWith("open\n"), "the log opened after the last kill");
  const lines = text.slice("open\n".length, text.lastIndexOf("\n")).split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => line.split(" ")).map(([source = "", seq]) => [source, Number(seq)]),
  );
}

test(`a log that is killed at any moment keeps all that it acknowledged (${rounds} rounds)`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dure-kill-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const acknowledged = new Map<string, number>();
  for (let epoch = 1; epoch <= rounds; epoch += 1)
    for (const [source, seq] of await runAndKill(folder, epoch))
      acknowledged.set(`${source}:${epoch}`, seq);

  const storage = await openStorage(folder);
  const seen = new Map<string, number>();
  let offset = 0;
  for (;;) {
    const bounds = { eventsMax: 5_000, bytesMax: 8 * 1024 * 1024 };
    const events = await readEvents(storage, { topic: "killed.noted", from: offset, bounds });
    if (events.length === 0) break;
    for (const event of events) {
      assert.equal(event.offset, offset, "offsets have no gap and no duplicate");
      offset += 1;
      const { source, epoch, seq } = JSON.parse(event.body);
      assert.equal(event.id, `${source}:${epoch}:${seq}`);
      assert.equal(
        seen.get(`${source}:${epoch}`) ?? 0,
        seq,
        "each source in order, each event once",
      );
      seen.set(`${source}:${epoch}`, seq + 1);
    }
  }
  for (const [source, seq] of acknowledged)
    assert.ok(
      (seen.get(source) ?? 0) >= seq,
      `${source}: ${seen.get(source)} of ${seq} acknowledged`,
    );
  await storage.close();
  t.diagnostic(`${offset} events in ${rounds} rounds, none of those acknowledged is missing`);
});
