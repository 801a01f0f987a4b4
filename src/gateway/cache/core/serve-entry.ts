/** A stored answer as the answer to a request: whole, a part of it, or that the client has it (RFC 9111, section 4). */
import type { HeaderList } from "../../../http/index.ts";
import type { Answer } from "../../answer.ts";
import { type CacheDeed, withCacheStatus } from "./cache-status.ts";
import type { CacheEntry } from "./entry.ts";
import { ageMs } from "./freshness.ts";
import { rangeOf } from "./range.ts";
import { isNotModified, notModifiedHeaders } from "./validators.ts";

const nothing = new Uint8Array(0);

/** When it is, on both clocks. */
export interface Times {
  readonly now: number;
  readonly wallMs: number;
}

/** Makes the answer. */
export function serveEntry(
  entry: CacheEntry,
  request: { readonly method: string; readonly headers: HeaderList },
  deed: CacheDeed,
  { now, wallMs }: Times,
): Answer {
  const age = Math.floor(ageMs(entry.freshness, now) / 1_000);
  const headers = withCacheStatus([...entry.headers, ["age", String(age)]], deed);
  const { status, body } = entry;
  if (status !== 200) return { status, headers, body };
  if (isNotModified(request.headers, entry.headers, wallMs))
    return { status: 304, headers: notModifiedHeaders(headers), body: nothing };
  const range =
    request.method === "GET" ? rangeOf(request.headers, entry.headers, body.length) : "whole";
  if (range === "whole") return { status, headers, body };
  if (!range) {
    const unmet = ["content-range", `bytes */${body.length}`] as const;
    return { status: 416, headers: withCacheStatus([unmet], deed), body: nothing };
  }
  const { first, last } = range;
  return {
    status: 206,
    headers: [...headers, ["content-range", `bytes ${first}-${last}/${body.length}`]],
    body: body.subarray(first, last + 1),
  };
}
