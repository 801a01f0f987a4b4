/** How one JSON value is written, checked as it goes; what compiled and interpreted serialisers call. */
/** A value that does not fit; `path` starts with a dot or bracket. */
export class Misfit extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** Characters that JSON text must escape, and lone surrogates, which `JSON.stringify` escapes too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

/** One writer a kind of value. `path` is where it is; each throws {@link Misfit} if the value is of another kind. */
export const jsonWriters = {
  text(value: unknown, path: string): string {
    if (typeof value !== "string") throw misfit(value, "text", path);
    // Short strings without anything to escape are the common case; a scan beats JSON.stringify's call there.
    return value.length < 64 && !needsEscape.test(value) ? `"${value}"` : JSON.stringify(value);
  },
  number(value: unknown, path: string): string {
    if (typeof value !== "number" || !Number.isFinite(value)) throw misfit(value, "a number", path);
    return `${value}`;
  },
  integer(value: unknown, path: string): string {
    if (!Number.isInteger(value)) throw misfit(value, "an integer", path);
    return `${value as number}`;
  },
  boolean(value: unknown, path: string): string {
    if (typeof value !== "boolean") throw misfit(value, "true or false", path);
    return value ? "true" : "false";
  },
  null(value: unknown, path: string): string {
    if (value !== null) throw misfit(value, "null", path);
    return "null";
  },
  any(value: unknown, path: string): string {
    const text = JSON.stringify(value);
    if (text === undefined) throw misfit(value, "something that JSON can carry", path);
    return text;
  },
  object(value: unknown, path: string): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw misfit(value, "an object", path);
    return value as Record<string, unknown>;
  },
  array(value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw misfit(value, "a list", path);
    return value;
  },
  missing(path: string): never {
    throw new Misfit(path, "is missing");
  },
  /** The first alternative that fits. */
  union(alternatives: readonly Writer[], value: unknown, path: string): string {
    let first: unknown;
    for (const write of alternatives) {
      try {
        return write(value, path);
      } catch (thrown) {
        if (!(thrown instanceof Misfit)) throw thrown;
        first ??= thrown;
      }
    }
    throw first;
  },
  constant(allowed: readonly unknown[], value: unknown, path: string): string {
    if (!allowed.includes(value))
      throw misfit(value, `one of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`, path);
    return JSON.stringify(value);
  },
};

function misfit(value: unknown, expected: string, path: string): Misfit {
  if (value === undefined) return new Misfit(path, "is missing");
  const got = value === null ? "null" : Array.isArray(value) ? "a list" : `${typeof value}`;
  return new Misfit(path, `must be ${expected}, not ${got}`);
}

/** Writes a value found at a path. */
export type Writer = (value: unknown, path: string) => string;
