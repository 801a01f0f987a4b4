/**
 * Blocks on their way from the thread that reads them to the log's own: with texts of one byte a character in place of bytes. Memory
 * outside of V8's heap is given back late, and where little else is made, by full collections: with an array of bytes for each block the
 * log spent a third of its time on those.
 */
import { Buffer } from "node:buffer";
import { asBuffer, type StoredBlock } from "../core/packed-events.ts";

/** A block that can be sent. */
export interface TravellingBlock extends Omit<StoredBlock, "events"> {
  readonly events: string;
}

/** Makes them ready to be sent. */
export function departing(blocks: readonly StoredBlock[]): TravellingBlock[] {
  return blocks.map((block) => ({ ...block, events: asBuffer(block.events).toString("latin1") }));
}

/** What they were before, in one piece of memory. */
export function landed(blocks: readonly TravellingBlock[]): StoredBlock[] {
  const piece = Buffer.allocUnsafe(blocks.reduce((sum, { events }) => sum + events.length, 0));
  let at = 0;
  return blocks.map((block) => {
    const from = at;
    at += piece.write(block.events, from, "latin1");
    return { ...block, events: piece.subarray(from, at) };
  });
}
