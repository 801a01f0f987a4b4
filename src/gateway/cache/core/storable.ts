/** Whether a shared cache may store an answer, and what of it (RFC 9111, sections 3 and 3.5). */
import type { HeaderList } from "../../../http/index.ts";
import { namedFields, parseCacheControl } from "./cache-control.ts";
import { fieldOf } from "./fields.ts";
import { surrogateKey } from "./labels.ts";

/** What is asked about. */
export interface StorableQuestion {
  readonly requestHeaders: HeaderList;
  readonly status: number;
  readonly headers: HeaderList;
}

/** Statuses that may be stored without an explicit lifetime (RFC 9110, section 15.1), but for 206, which is never stored. */
export const heuristicStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);
/** Statuses whose caching is understood beyond those (RFC 9111, section 3). */
const understoodStatuses = new Set([...heuristicStatuses, 302, 303, 307, 400, 403, 500, 502, 503]);
const explicit = ["public", "max-age", "s-maxage"];
/** What lets an answer to a request with `Authorization` into a shared cache (section 3.5). */
const sharing = ["must-revalidate", "public", "s-maxage"];

/** Whether the answer to a GET may be stored. */
export function isStorable({ requestHeaders, status, headers }: StorableQuestion): boolean {
  const response = parseCacheControl(fieldOf(headers, "cache-control"));
  const request = parseCacheControl(fieldOf(requestHeaders, "cache-control"));
  if (status === 206 || status === 304 || request.has("no-store")) return false;
  const isUnderstood = understoodStatuses.has(status);
  if (response.has("must-understand") ? !isUnderstood : response.has("no-store")) return false;
  if (response.has("private") && namedFields(response, "private").length === 0) return false;
  if (
    fieldOf(headers, "vary")
      ?.split(",")
      .some((name) => name.trim() === "*")
  )
    return false;
  const isShared = sharing.some((name) => response.has(name));
  if (fieldOf(requestHeaders, "authorization") !== undefined && !isShared) return false;
  // More than the RFC asks (section 7.3): a cookie that is set is mostly meant for one, so the origin has to say otherwise.
  const isPublic = response.has("public") || response.has("s-maxage");
  const keptFields = namedFields(response, "private");
  const setsCookie = fieldOf(headers, "set-cookie") !== undefined;
  if (setsCookie && !isPublic && !keptFields.includes("set-cookie")) return false;
  // A stream without end is no representation.
  if (fieldOf(headers, "content-type")?.startsWith("text/event-stream")) return false;
  const hasLifetime =
    explicit.some((name) => response.has(name)) || fieldOf(headers, "expires") !== undefined;
  // Without a validator it could neither be guessed how long it holds, nor be asked.
  const hasValidator =
    fieldOf(headers, "etag") !== undefined || fieldOf(headers, "last-modified") !== undefined;
  return hasLifetime || (hasValidator && heuristicStatuses.has(status));
}

/** Fields that a cache does not keep, beside those of one connection (section 3.1), and those that it writes itself. */
const neverStored = [
  "age",
  "cache-status",
  "content-length",
  "proxy-authenticate",
  "proxy-authentication-info",
  surrogateKey,
];

/**
 * The fields that are stored. Those that `private` and `no-cache` name are not: the first may not be kept here, the second may not be sent
 * again without asking.
 */
export function storedFields(headers: HeaderList): HeaderList {
  const directives = parseCacheControl(fieldOf(headers, "cache-control"));
  const left = new Set([
    ...neverStored,
    ...namedFields(directives, "private"),
    ...namedFields(directives, "no-cache"),
  ]);
  return headers.filter(([name]) => !left.has(name));
}
