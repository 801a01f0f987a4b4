import type { HeaderList } from "../../../http/index.ts";
import { fieldOf } from "./fields.ts";
import { surrogateKey } from "./labels.ts";

/** Why a request went to the origin (RFC 9211, section 2.2). */
export type Forwarded =
  | "bypass"
  | "method"
  | "uri-miss"
  | "vary-miss"
  | "miss"
  | "request"
  | "stale"
  | "partial";

/** What the cache did with a request. */
export type CacheDeed =
  | { readonly hit: true; readonly ttlS: number; readonly isCollapsed?: boolean }
  | { readonly fwd: Forwarded; readonly fwdStatus?: number; readonly isStored?: boolean };

const name = "Dure";

/** The field `Cache-Status` for a deed. */
function cacheStatus(deed: CacheDeed): string {
  if ("hit" in deed) return `${name}; hit; ttl=${deed.ttlS}`;
  const status = deed.fwdStatus === undefined ? "" : `; fwd-status=${deed.fwdStatus}`;
  return `${name}; fwd=${deed.fwd}${status}${deed.isStored ? "; stored" : ""}`;
}

/** The headers for the client: with the deed behind what caches nearer to the origin said. */
export function withCacheStatus(headers: HeaderList, deed: CacheDeed): HeaderList {
  const former = fieldOf(headers, "cache-status");
  const own = cacheStatus(deed);
  return [
    ...headers.filter(([field]) => field !== "cache-status" && field !== surrogateKey),
    ["cache-status", former === undefined ? own : `${former}, ${own}`],
  ];
}
