import { pino } from "pino";

/** Facts beside a log message: plain JSON. Names that look like secrets are redacted. */
export type LogFields = Record<string, unknown>;

/** A structured logger: a message for people, fields for machines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each of its lines. */
  child(fields: LogFields): Logger;
}

/** The levels, quietest last. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

const redactedPaths = ["password", "token", "secret", "authorization", "cookie"].flatMap((name) => [
  name,
  `*.${name}`,
]);

/** A logger that writes one JSON line a message to standard output. The supervisor makes it pretty for a terminal. */
export function createLogger(fields: LogFields, level: LogLevel = "info"): Logger {
  const base = pino(
    { level, base: fields, redact: redactedPaths, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: true }),
  );
  return wrap(base);
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

function wrap(base: pino.Logger): Logger {
  return {
    debug: (message, fields) => base.debug(fields ?? {}, message),
    info: (message, fields) => base.info(fields ?? {}, message),
    warn: (message, fields) => base.warn(fields ?? {}, message),
    error: (message, fields) => base.error(fields ?? {}, message),
    child: (fields) => wrap(base.child(fields)),
  };
}
