/** Traces and logs as the console shows them. Times are in ms since 1970, durations in ms. */
import { z } from "zod";

const Attribute = z.object({ name: z.string(), value: z.string() });

/** A trace in a list. */
export const TraceSummary = z.object({
  traceId: z.string(),
  startedAt: z.number(),
  durationMs: z.number(),
  /** Where it began, as far as its spans have come in. */
  name: z.string(),
  service: z.string(),
  services: z.array(z.string()),
  spanCount: z.int(),
  errorCount: z.int(),
});

/** One piece of work in a trace. */
export const TraceSpan = z.object({
  spanId: z.string(),
  /** `null`: the trace begins here. The parent may be one that nobody kept. */
  parentId: z.string().nullable(),
  name: z.string(),
  /** `server`, `client`, `producer`, `consumer` or `internal`, as OpenTelemetry has it. */
  kind: z.string(),
  service: z.string(),
  /** The node's slot, or its name. */
  node: z.string(),
  /** By the clock of the node where it ran. */
  startedAt: z.number(),
  durationMs: z.number(),
  /** Why it failed; `null` if it did not. */
  error: z.string().nullable(),
  attributes: z.array(Attribute),
});

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** One line of a log. */
export const LogLine = z.object({
  id: z.string(),
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
