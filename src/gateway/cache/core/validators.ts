/** Conditional requests: the client's, answered from a stored answer, and the cache's own (RFC 9110, section 13; RFC 9111, 4.3). */
import type { HeaderList } from "../../../http/index.ts";
import { fieldOf, without } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

const tags = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** Conditions that a cache answers itself, or puts its own in the place of. */
export const cacheConditions: ReadonlySet<string> = new Set(["if-none-match", "if-modified-since"]);

/** Whether the client has what is stored, so that 304 tells it all. */
export function isNotModified(request: HeaderList, stored: HeaderList, wallMs: number): boolean {
  const noneMatch = fieldOf(request, "if-none-match");
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === "*") return true;
    const etag = fieldOf(stored, "etag");
    return etag !== undefined && (noneMatch.match(tags) ?? []).some((tag) => isSame(tag, etag));
  }
  const since = fieldOf(request, "if-modified-since");
  if (since === undefined) return false;
  const sinceMs = parseHttpDate(since, wallMs);
  const changed = fieldOf(stored, "last-modified") ?? fieldOf(stored, "date");
  const changedMs = parseHttpDate(changed, wallMs);
  return sinceMs !== undefined && changedMs !== undefined && changedMs <= sinceMs;
}

/** Fields that a 304 has (RFC 9110, section 15.4.5). */
const notModifiedFields = new Set([
  ...["cache-control", "content-location", "date", "etag", "expires", "vary"],
  ...["age", "cache-status", "last-modified", "set-cookie"],
]);

/** The fields of a 304 made from a stored answer. */
export function notModifiedHeaders(stored: HeaderList): HeaderList {
  return stored.filter(([name]) => notModifiedFields.has(name));
}

/** The conditions under which the origin need not send what is stored again; empty if it has no validator. */
export function conditionsFor(stored: HeaderList): HeaderList {
  const etag = fieldOf(stored, "etag");
  const changed = fieldOf(stored, "last-modified");
  return [
    ...(etag === undefined ? [] : [["if-none-match", etag] as const]),
    ...(changed === undefined ? [] : [["if-modified-since", changed] as const]),
  ];
}

/** Whether a 304 is about this stored answer: its validators, if it has any, are the stored ones (RFC 9111, section 4.3.4). */
export function isAbout(answer: HeaderList, stored: HeaderList): boolean {
  const etag = fieldOf(answer, "etag");
  if (etag !== undefined) return isSame(etag, fieldOf(stored, "etag") ?? "");
  const changed = fieldOf(answer, "last-modified");
  return changed === undefined || changed === fieldOf(stored, "last-modified");
}

/** Fields that say what the stored bytes are: a 304 cannot change them (RFC 9111, section 3.2). */
const aboutBytes = new Set(["content-length", "content-encoding", "content-range", "content-type"]);

/** The stored fields with those of a 304 in their place. It is dated when it came, if it does not say when it was made. */
export function updatedFields(stored: HeaderList, answer: HeaderList): HeaderList {
  const updates = without(answer, aboutBytes);
  return [...without(stored, new Set(["date", ...updates.map(([name]) => name)])), ...updates];
}

/** Weak comparison (RFC 9110, section 8.8.3.2). */
function isSame(left: string, right: string): boolean {
  return left.replace(/^W\//, "") === right.replace(/^W\//, "");
}
