/** What stands in place of a secret. */
const redacted = "[redacted]";
/** Names whose values nobody may read: `password`, `dbPassword`, `DURE_TOKEN`, `x-api-key`, `set-cookie`, `authorization`. */
const secretName =
  /pass(word|wd|phrase|code)?$|token$|secret|authori[sz]ation|cookie|credential|(api|private|signing|access)[-_]?key/i;
/** `postgres://user:password@host` and `Authorization: Bearer ...`, wherever they stand in a text. */
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi;
const bearer = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;

/** Texts are cut to so many UTF-16 units, */
const textMax = 4_096;
/** objects and lists to so many entries, */
const entriesMax = 100;
/** and what lies deeper is left out: a log line is no place for a whole object graph. */
const depthMax = 6;

/** A text without the secrets that can be told by their form, cut to 4,096 units. */
export function redactText(text: string): string {
  const cut = text.length > textMax ? `${text.slice(0, textMax)}...` : text;
  if (!cut.includes("://") && !/bearer|basic/i.test(cut)) return cut;
  return cut.replace(urlPassword, `$1:${redacted}@`).replace(bearer, `$1 ${redacted}`);
}

/** Fields as plain data, without secrets: what has the name of one is hidden, at any depth, and texts are looked through. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return entriesOf(fields, 0);
}

function entriesOf(value: object, depth: number): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  let count = 0;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    count += 1;
    if (count > entriesMax) break;
    const inner = (value as Record<string, unknown>)[key];
    plain[key] = secretName.test(key) && inner !== undefined ? redacted : plainOf(inner, depth + 1);
  }
  return plain;
}

function plainOf(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
      return redactText(value);
    case "bigint":
      return String(value);
    case "function":
    case "symbol":
      return undefined;
    case "object":
      return value === null ? null : plainObject(value, depth);
    default:
      return value;
  }
}

function plainObject(value: object, depth: number): unknown {
  if (depth > depthMax) return "[deeper]";
  if (Array.isArray(value))
    return value.slice(0, entriesMax).map((item) => plainOf(item, depth + 1));
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const own = entriesOf(value, depth);
    const told = { type: name, message: redactText(message), stack: stack && redactText(stack) };
    return {
      ...own,
      ...told,
      ...(cause === undefined ? {} : { cause: plainOf(cause, depth + 1) }),
    };
  }
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if ("toJSON" in value && typeof value.toJSON === "function") {
    try {
      return plainOf(value.toJSON(), depth + 1);
    } catch {
      return "[unreadable]";
    }
  }
  return entriesOf(value, depth);
}
