import type { Arrived } from "../../../src/events/core/arrivals.ts";
import { laneCount, laneOf } from "../../../src/events/core/lanes.ts";
import { blocksOf } from "../../../src/events/core/packed-events.ts";
import type { StoredEvent } from "../../../src/events/types.ts";

/** Events as they come from the log to a member that has all lanes. */
export function arrivedOf(...events: readonly StoredEvent[]): Arrived {
  return { topic: "t", blocks: blocksOf(events), wantedFrom: new Float64Array(laneCount) };
}

/** So many keys of one lane. */
export function keysIn(lane: number, count: number): string[] {
  const keys: string[] = [];
  for (let number = 0; keys.length < count; number += 1)
    if (laneOf(`key-${number}`) === lane) keys.push(`key-${number}`);
  return keys;
}
