import type { LogRing } from "./log-ring.ts";
import { type LogFields, type Logger, type LogLevel, levelRank } from "./logger.ts";

/** The same logger, whose lines are kept in a ring too: those that its level lets through, and from `info` on where it writes none. */
export function recordedLogger(logger: Logger, ring: LogRing, bound: LogFields = {}): Logger {
  const level = logger.level === undefined || logger.level === "silent" ? "info" : logger.level;
  const rank = levelRank[level];
  const at = (of: Exclude<LogLevel, "silent">) => (message: string, fields?: LogFields) => {
    logger[of](message, fields);
    if (levelRank[of] < rank) return;
    ring.add({ level: of, text: message, fields: fields ? { ...bound, ...fields } : bound });
  };
  return {
    level: logger.level,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => recordedLogger(logger.child(fields), ring, { ...bound, ...fields }),
  };
}
