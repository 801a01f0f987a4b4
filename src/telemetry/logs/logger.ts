import { pino } from "pino";
import { readableLine } from "./readable-line.ts";
import { redactFields, redactText } from "./redact.ts";

/** Facts beside a log message: plain JSON. Names that look like secrets are redacted. */
export type LogFields = Record<string, unknown>;

/** A structured logger: a message for people, fields for machines. */
export interface Logger {
  /** The quietest level that it writes; undefined where it does not tell. */
  readonly level?: LogLevel | undefined;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each of its lines. */
  child(fields: LogFields): Logger;
}

/** The levels, quietest last. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Their order. */
export const levelRank: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

/**
 * A logger that writes to standard output: readable lines on a terminal, one JSON line a message anywhere else. The supervisor makes the
 * JSON of its processes readable.
 */
export function createLogger(fields: LogFields, level: LogLevel = "info"): Logger {
  const destination = process.stdout.isTTY
    ? { write: (line: string) => void process.stdout.write(terminalLine(line)) }
    : pino.destination({ fd: 1, sync: true });
  const options = { level, base: fields, timestamp: pino.stdTimeFunctions.isoTime };
  return wrap(pino(options, destination), level);
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  level: "silent",
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

function wrap(base: pino.Logger, level: LogLevel): Logger {
  const fieldsOf = (fields: LogFields | undefined) => (fields ? redactFields(fields) : {});
  const at = (of: Exclude<LogLevel, "silent">) => (message: string, fields?: LogFields) => {
    if (base.isLevelEnabled(of)) base[of](fieldsOf(fields), redactText(message));
  };
  return {
    level,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => wrap(base.child(redactFields(fields)), level),
  };
}

/** `12:30:01 warn  message key=value`. */
function terminalLine(line: string): string {
  const { level, text } = readableLine(line, "");
  const time = /"time":"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)/.exec(line)?.[1] ?? "";
  return `${time} ${level.padEnd(5)} ${text}\n`;
}
