import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventLogService, meshEvents, openStorage } from "../../src/events/index.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";
import { storeEvents } from "./support/stored-events.ts";

const program = fileURLToPath(new URL("support/effect-node.ts", import.meta.url));
const count = 400;

test("a consumer that is killed between effect and acknowledgement has each effect once, thanks to its inbox", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dure-effects-"));
  const path = join(folder, "effects.db");
  const distributor = await createDistributor({ mesh: "effects", port: 0 });
  const storage = await openStorage(join(folder, "log"));
  const events = Array.from({ length: count }, (_, n) => {
    return { topic: "paid.done", key: String(n % 10), head: "{}", body: JSON.stringify({ n }) };
  });
  await storeEvents(storage, { source: "till", epoch: 1, seq: 0, events });
  const node = await createNode({
    name: "log",
    mesh: "effects",
    distributors: [{ host: "127.0.0.1", port: distributor.port }],
    services: [eventLogService({ storage: async () => storage })],
    events: meshEvents(),
    logger: silentLogger,
  });
  let began = 0;
  const start = async () => {
    const args = [
      "--conditions=dure-source",
      "--no-warnings",
      program,
      `${distributor.port}`,
      path,
    ];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.stdout.on("data", (chunk) => {
      began += String(chunk).split("\n").length - 1;
    });
    return child;
  };
  let child = await start();
  t.after(async () => {
    child.kill("SIGKILL");
    await node.close();
    await distributor.close();
    rmSync(folder, { recursive: true });
  });
  for (const stopAt of [30, 150]) {
    await until("some effects", () => began >= stopAt);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    child = await start();
  }
  const effects = () => {
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare("select n from effects").all() as { n: number }[];
    database.close();
    return rows.map(({ n }) => n);
  };
  await until("all effects", () => effects().length >= count && began >= count);
  assert.deepEqual(
    effects().sort((left, right) => left - right),
    Array.from({ length: count }, (_, n) => n),
  );
  assert.ok(began > count, "some events came again");
  t.diagnostic(`${began} deliveries of ${count} events`);
});
