import type { HeaderList } from "../../../http/index.ts";
import type { CacheEntry } from "./entry.ts";
import { fieldOf } from "./fields.ts";
import { freshnessOf, type Received } from "./freshness.ts";
import { storedFields } from "./storable.ts";
import { selectionOf } from "./vary.ts";
import { WholeHits } from "./whole-hits.ts";

/** A complete answer. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** What an entry is made of. */
export interface EntryParts {
  readonly key: string;
  readonly labels: readonly string[];
  /** The fields of the request. */
  readonly request: HeaderList;
  readonly whole: WholeAnswer;
  readonly times: Pick<Received, "requestedAt" | "receivedAt" | "wallMs">;
}

/** Makes an entry of an answer that may be stored. One without `Date` gets it (RFC 9110, section 6.6.1). */
export function makeEntry({ key, labels, request, whole, times }: EntryParts): CacheEntry {
  const { status, body } = whole;
  const isDated = fieldOf(whole.headers, "date") !== undefined;
  const date = ["date", new Date(times.wallMs).toUTCString()] as const;
  const headers = isDated ? whole.headers : [...whole.headers, date];
  return {
    key,
    labels,
    selection: selectionOf(request, headers),
    status,
    headers: storedFields(headers),
    body,
    freshness: freshnessOf({ status, headers, requestHeaders: request, ...times }),
    hits: new WholeHits(),
  };
}
