/** The directives of `Cache-Control` (RFC 9111, section 5.2). */

/** Directives by name in lower case, with their argument; of repeated ones the first (section 4.2.1). */
export type Directives = ReadonlyMap<string, string | undefined>;

const member =
  /(?:^|,)[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+)))?[\t ]*(?=,|$)/g;
const seconds = /^\d+$/;
/** Larger numbers are this one (RFC 9111, section 1.2.2). */
const secondsMax = 2 ** 31;

/** Reads the field, several lines of it joined by commas. What is malformed is left out. */
export function parseCacheControl(value: string | undefined): Directives {
  const directives = new Map<string, string | undefined>();
  if (value === undefined) return directives;
  for (const [, name = "", quoted, token] of value.matchAll(member)) {
    const lower = name.toLowerCase();
    if (!directives.has(lower)) directives.set(lower, quoted?.replace(/\\(.)/g, "$1") ?? token);
  }
  return directives;
}

/**
 * The argument of a directive in ms; undefined if it is not there. What is no number is 0: caches are encouraged to take invalid
 * freshness for stale (section 4.2.1).
 */
export function durationMs(directives: Directives, name: string): number | undefined {
  if (!directives.has(name)) return undefined;
  return parseSeconds(directives.get(name)) ?? 0;
}

/** Seconds as ms, or undefined for anything else. */
export function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !seconds.test(text)) return undefined;
  return Math.min(Number(text), secondsMax) * 1_000;
}

/** The field names in the argument of `private` or `no-cache`; empty for the directive without any. */
export function namedFields(directives: Directives, name: string): readonly string[] {
  const names = directives.get(name)?.split(",") ?? [];
  return names.map((field) => field.trim().toLowerCase()).filter(Boolean);
}
