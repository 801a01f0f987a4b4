/** Traces and logs as the console shows them. Times are in ms since 1970, durations in ms. */
import { z } from "zod";

const Attribute = z.object({ name: z.string(), value: z.string() });

/** A trace in a list. */
export const TraceSummary = z.object({
  traceId: z.string(),
  startedAt: z.number(),
  durationMs: z.number(),
  /** Of the root; of the earliest span where the root is not known (yet). */
  name: z.string(),
  service: z.string(),
  services: z.array(z.string()),
  spanCount: z.int(),
  errorCount: z.int(),
});

/** One piece of work in a trace. The order of spans is that of a waterfall: each behind its parent, by start. */
export const TraceSpan = z.object({
  spanId: z.string(),
  /** `null`: the trace begins here. The parent may be one that nobody kept. */
  parentId: z.string().nullable(),
  name: z.string(),
  kind: z.enum(["http", "server", "client", "publish", "consume", "saga"]),
  service: z.string(),
  /** The node's slot, or its name. */
  node: z.string(),
  /** Corrected by `skewMs`. */
  startedAt: z.number(),
  durationMs: z.number(),
  /** 0 for a root and for a span whose parent is not known. */
  depth: z.int(),
  /** How much its node's clock was found to be wrong. */
  skewMs: z.number(),
  /** The code it ended with; `null` if it ended well. */
  error: z.string().nullable(),
  /** The other side: of a `client` span the instance that answered, of a `server` span who called; `null`: nobody. */
  peer: z.string().nullable(),
  attributes: z.array(Attribute),
});

const logLevels = ["debug", "info", "warn", "error"] as const;

/** One line of a log. */
export const LogLine = z.object({
  /** Grows in the order in which lines came to the console. */
  id: z.int(),
  at: z.number(),
  level: z.enum(logLevels),
  message: z.string(),
  service: z.string(),
  node: z.string(),
  traceId: z.string().nullable(),
  fields: z.array(Attribute),
});

/** Which lines of the log. All conditions hold together. */
export const LogFilter = z.object({
  /** Somewhere in the message or the fields, in any case. */
  text: z.string().max(200).optional(),
  traceId: z.string().max(64).optional(),
  /** This level and those above. */
  level: z.enum(logLevels).optional(),
  service: z.string().max(200).optional(),
  node: z.string().max(200).optional(),
});
