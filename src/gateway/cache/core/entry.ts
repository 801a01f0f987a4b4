import type { HeaderList } from "../../../http/index.ts";
import type { Freshness } from "./freshness.ts";
import type { Selection } from "./vary.ts";
import { repeatedBytesMax, type WholeHits } from "./whole-hits.ts";

/** A stored answer: the complete one to a GET. */
export interface CacheEntry {
  /** Which resource, for whom. */
  readonly key: string;
  /** By which it can be purged. */
  readonly labels: readonly string[];
  readonly selection: Selection;
  readonly status: number;
  /** As they are sent, without `Age`. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly freshness: Freshness;
  readonly hits: WholeHits;
}

/** What an entry weighs beside its text and bytes: objects, strings, the store's own fields, the head as it is sent. */
const overheadBytes = 1024;

/** What an entry weighs in memory, about. */
export function weightOf({ key, headers, body, selection, labels }: CacheEntry): number {
  // Most are kept once more as they are sent.
  const bodies = body.length > repeatedBytesMax ? 1 : 2;
  let bytes = overheadBytes + bodies * body.length + key.length;
  for (const label of labels) bytes += label.length + 128;
  for (const [name, value] of [...headers, ...selection])
    bytes += name.length + (value?.length ?? 0) + 64;
  return bytes;
}
