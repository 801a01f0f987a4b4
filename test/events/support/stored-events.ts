/** What a storage takes and gives, as events: between it and its callers they are packed. */
import { eventsIn, packBatch } from "../../../src/events/core/packed-events.ts";
import type { Storage } from "../../../src/events/index.ts";
import type { StorageCalls } from "../../../src/events/storage/requests.ts";
import type { AppendBatch, StoredEvent } from "../../../src/events/types.ts";

/** Appends a batch. */
export function storeEvents(storage: Pick<Storage, "call">, batch: AppendBatch) {
  return storage.call("append", packBatch(batch));
}

/** The events from an offset on: whole blocks, so that there may be more than the bounds say. */
export async function readEvents(
  storage: Pick<Storage, "call">,
  input: StorageCalls["read"]["in"],
): Promise<StoredEvent[]> {
  return eventsIn(input.topic, await storage.call("read", input), input.from);
}
