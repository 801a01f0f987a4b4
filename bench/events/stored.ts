/** Fills a log's file before the log opens it: through its own storage, with the largest batches. */
import { randomBytes } from "node:crypto";
import { packBatch } from "../../src/events/core/packed-events.ts";
import { openStorage } from "../../src/node.ts";
import { noteOf } from "./note.ts";

const batchMax = 2_000;
/** Batches on their way to the storage's thread at once. */
const batchesMax = 8;

/** Stores so many events of the benchmark in the folder. */
export async function fillLog(folder: string, count: number): Promise<void> {
  const storage = await openStorage(folder);
  const running = new Set<Promise<unknown>>();
  for (let seq = 0; seq < count; seq += batchMax) {
    const size = Math.min(batchMax, count - seq);
    const events = Array.from({ length: size }, (_, index) => storedNote(seq + index));
    const batch = packBatch({ source: "filler", epoch: 1, seq, events });
    const appended = storage.call("append", batch);
    running.add(appended);
    void appended.finally(() => running.delete(appended));
    if (running.size >= batchesMax) await Promise.race(running);
  }
  await Promise.all(running);
  await storage.close();
}

const traceId = randomBytes(16).toString("hex");

function storedNote(id: number) {
  const note = noteOf(id, 0);
  return {
    topic: "notes.written",
    key: note.member,
    head: JSON.stringify({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` }),
    body: JSON.stringify(note),
  };
}
