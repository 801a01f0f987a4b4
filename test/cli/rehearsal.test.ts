import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "../../src/cli/host/rehearsal.ts";
import { type Logger, silentLogger } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";

test("a rehearsal ends, tells of nothing, and leaves nothing open", async () => {
  const told: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (text) => void told.push(text) };
  await rehearse(logger);
  assert.deepEqual(told, []);
  const openSockets = () => process.getActiveResourcesInfo().filter((kind) => /^TCP/.test(kind));
  await until("its sockets are closed", () => openSockets().length === 0);
});
