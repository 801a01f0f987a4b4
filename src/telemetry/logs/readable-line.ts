/** A log line for people. */
export interface ReadableLine {
  readonly level: "debug" | "info" | "warn" | "error" | "none";
  /** One line, or several where there is a stack. */
  readonly text: string;
}

/** Pino's numbers (its documentation, "logger.level"). */
const levelNames: Readonly<Record<number, ReadableLine["level"]>> = {
  10: "debug",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "error",
};

/** Told by the prefix, or of no interest to people who read along. */
const hiddenFields = new Set(["level", "time", "msg", "pid", "hostname", "v"]);

/**
 * Makes a JSON log line readable: `info message key=value`. Any other line is left as it is. Fields whose value is the
 * process's own name are left out: the prefix says it.
 */
export function readableLine(line: string, processName: string): ReadableLine {
  const entry = parseEntry(line);
  if (!entry) return { level: "none", text: line };
  const level = levelNames[Number(entry.level)] ?? "info";
  const fields: string[] = [];
  const stacks: string[] = [];
  for (const [key, value] of Object.entries(entry)) {
    if (hiddenFields.has(key) || value === processName || value === undefined) continue;
    const { stack, shown } = withoutStack(value);
    fields.push(`${key}=${shown}`);
    if (stack) stacks.push(stack);
  }
  const text = [String(entry.msg ?? ""), ...fields].filter((part) => part !== "").join(" ");
  return { level, text: [text, ...stacks].join("\n") };
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    const value = JSON.parse(line);
    return typeof value.msg === "string" ? value : undefined;
  } catch {
    // Not JSON after all (or cut in two because of its length): shown as it came.
    return undefined;
  }
}

/** An error's stack is shown on lines of its own. */
function withoutStack(value: unknown): { stack?: string; shown: string } {
  if (typeof value === "string") return { shown: /[\s"=]/.test(value) ? quote(value) : value };
  if (typeof value !== "object" || value === null) return { shown: String(value) };
  if ("stack" in value && typeof value.stack === "string") {
    const { stack, ...rest } = value;
    const message = "message" in rest ? quote(String(rest.message)) : JSON.stringify(rest);
    return { stack, shown: message };
  }
  return { shown: JSON.stringify(value) };
}

function quote(text: string): string {
  return JSON.stringify(text);
}
