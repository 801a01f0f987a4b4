import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Storage } from "../../../src/events/index.ts";
import { until } from "../../support/until.ts";

/** An engine under load. */
export interface EngineUnderLoad {
  readonly storage: Storage;
  /** Cuts the connection or kills the server, and brings the server back. */
  interrupt(): Promise<void>;
}

/** Appends one event after another, interrupts three times, and reads all back: nothing acknowledged is missing, doubled or out of order. */
export async function keepsWhatItAcknowledged({
  storage,
  interrupt,
}: EngineUnderLoad): Promise<void> {
  let acknowledged = 0;
  let isOver = false;
  const append = async () => {
    while (!isOver) {
      const events = [{ topic: "t.noted", key: "k", head: "{}", body: `{"n":${acknowledged}}` }];
      try {
        await storage.call("append", { source: "s", epoch: 1, seq: acknowledged, events });
        acknowledged += 1;
      } catch (thrown) {
        assert.equal((thrown as { code: string }).code, "UNAVAILABLE", String(thrown));
        await delay(20);
      }
    }
  };
  const goesOn = () => {
    const before = acknowledged;
    return until("it goes on", () => acknowledged > before + 50);
  };
  const appending = append();
  for (let count = 0; count < 3; count += 1) {
    await goesOn();
    await interrupt();
  }
  await goesOn();
  isOver = true;
  await appending;
  const bounds = { eventsMax: 100_000, bytesMax: 64 * 1024 * 1024 };
  const stored: [number, number][] = [];
  for (;;) {
    const events = await storage.call("read", { topic: "t.noted", from: stored.length, bounds });
    if (events.length === 0) break;
    for (const { offset, body } of events) stored.push([offset, JSON.parse(body).n]);
  }
  assert.deepEqual(
    stored,
    Array.from({ length: acknowledged }, (_, index) => [index, index]),
  );
}
