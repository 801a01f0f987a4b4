import assert from "node:assert/strict";
import type { Storage } from "../../../src/events/index.ts";
import type { StoredEvent } from "../../../src/events/types.ts";
import { until } from "../../support/until.ts";
import { readEvents, storeEvents } from "./stored-events.ts";

/** An engine under load. */
export interface EngineUnderLoad {
  readonly storage: Storage;
  /** Cuts the connection or kills the server, and brings the server back. */
  interrupt(): Promise<void>;
}

const topics = ["t.noted", "t.other"];
const sourceCount = 8;

/**
 * Several sources append one event after another to two topics, while it interrupts three times; then it reads all back: nothing
 * acknowledged is missing, doubled or out of order.
 */
export async function keepsWhatItAcknowledged({
  storage,
  interrupt,
}: EngineUnderLoad): Promise<void> {
  const acknowledged = new Array<number>(sourceCount).fill(0);
  const total = () => acknowledged.reduce((sum, count) => sum + count, 0);
  let isOver = false;
  const append = async (source: number) => {
    while (!isOver) {
      const seq = acknowledged[source] as number;
      const topic = topics[(seq + source) % topics.length] as string;
      const body = JSON.stringify({ source, n: seq });
      const events = [{ topic, key: "k", head: "{}", body }];
      const store = async () => {
        try {
          await storeEvents(storage, { source: `s${source}`, epoch: 1, seq, events });
          return true;
        } catch (thrown) {
          assert.equal((thrown as { code: string }).code, "UNAVAILABLE", String(thrown));
          return false;
        }
      };
      await until("it is stored", store, 60_000);
      acknowledged[source] = seq + 1;
    }
  };
  const goesOn = () => {
    const before = total();
    return until("it goes on", () => total() > before + 50 * sourceCount, 30_000);
  };
  const appending = acknowledged.map((_, source) => append(source));
  for (let count = 0; count < 3; count += 1) {
    await goesOn();
    await interrupt();
  }
  await goesOn();
  isOver = true;
  await Promise.all(appending);
  const stored = acknowledged.map((): number[] => []);
  for (const topic of topics) {
    const newest = new Map<number, { n: number; offset: number; at: number }>();
    for (const [index, { offset, at, body }] of (await readAll(storage, topic)).entries()) {
      const { source, n } = JSON.parse(body) as { source: number; n: number };
      assert.equal(offset, index, topic);
      const before = newest.get(source);
      const said = `${topic}, source ${source}: ${n} at offset ${offset} (${at}) after ${JSON.stringify(before)}`;
      assert.ok(n > (before?.n ?? -1), said);
      newest.set(source, { n, offset, at });
      stored[source]?.push(n);
    }
  }
  for (const numbers of stored) numbers.sort((a, b) => a - b);
  assert.deepEqual(
    stored,
    acknowledged.map((count) => Array.from({ length: count }, (_, n) => n)),
  );
}

async function readAll(storage: Storage, topic: string): Promise<StoredEvent[]> {
  const bounds = { eventsMax: 100_000, bytesMax: 64 * 1024 * 1024 };
  const all: StoredEvent[] = [];
  for (;;) {
    const events = await readEvents(storage, { topic, from: all.length, bounds });
    if (events.length === 0) return all;
    all.push(...events);
  }
}
