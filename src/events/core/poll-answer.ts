/**
 * What a poll is answered with. It is most of what a log sends, so its events go as the bytes that they are:
 *
 * ```
 *   size u32   size x JSON: { next, first, blocks: [{ offset, count, at, source, epoch, seq, size }] }   packed events of each block
 * ```
 * Numbers are little-endian, sizes in bytes; how events are packed says packed-events.ts.
 */
import { Buffer } from "node:buffer";
import { asBuffer, type StoredBlock } from "./packed-events.ts";

/** Events of a topic, and where it goes on. */
export interface PollAnswer {
  /** Whole blocks, ascending: the first one may begin before the offset that was asked for. */
  readonly blocks: readonly StoredBlock[];
  /** The offset to ask for next. */
  readonly next: number;
  /** The offset that was asked for, or, where what was there is gone, that of the oldest event behind it. */
  readonly first: number;
}

interface Head extends Omit<PollAnswer, "blocks"> {
  readonly blocks: readonly (Omit<StoredBlock, "events"> & { readonly size: number })[];
}

const sizeBytes = 4;

/** Writes an answer. */
export function packAnswer({ blocks, next, first }: PollAnswer): Buffer {
  const head: Head = {
    next,
    first,
    blocks: blocks.map(({ events, ...block }) => ({ ...block, size: events.length })),
  };
  const json = Buffer.from(JSON.stringify(head));
  const size = Buffer.allocUnsafe(sizeBytes);
  size.writeUInt32LE(json.length);
  return Buffer.concat([size, json, ...blocks.map(({ events }) => events)]);
}

/** Reads what {@link packAnswer} wrote. The events are pieces of it, and keep it in memory. */
export function unpackAnswer(answer: Uint8Array): PollAnswer {
  const bytes = asBuffer(answer);
  let at = sizeBytes + bytes.readUInt32LE(0);
  const head: Head = JSON.parse(bytes.toString("utf8", sizeBytes, at));
  const blocks = head.blocks.map(({ size, ...block }) => {
    const events = bytes.subarray(at, at + size);
    at += size;
    return { ...block, events };
  });
  return { ...head, blocks };
}
