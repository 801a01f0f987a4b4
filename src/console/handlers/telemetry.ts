import type { z } from "zod";
import type { HandlersOf } from "../../contract/index.ts";
import { DureError } from "../../kit/index.ts";
import type {
  CollectedLog,
  CollectedSpan,
  TraceSummary as CollectedSummary,
  Collector,
} from "../collector/collector.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";
import { followLogs } from "../follow-logs.ts";
import type { LogLine, TraceSpan, TraceSummary } from "../schemas/telemetry.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** Spans of one trace that are shown. */
const spansMax = 2_000;
/** Of one value so much is shown. */
const valueLengthMax = 2_000;

/** Traces and logs. */
export function telemetryHandlers({
  options: { collector, node },
}: ConsoleParts): Pick<Handlers, "traces" | "trace" | "logs" | "followLogs"> {
  const collected = (): Collector => {
    if (collector) return collector;
    throw new DureError("UNAVAILABLE", "this console collects no traces and logs");
  };
  const nameOf = (id: string) => {
    const { registry } = node;
    const entry = registry.nodes().find(({ record }) => record.id === id);
    const record = entry?.record ?? (registry.self.id === id ? registry.self : undefined);
    return record ? record.slot || record.name : id;
  };
  const idOf = (name: string) =>
    node.registry.nodes().find(({ record }) => (record.slot || record.name) === name)?.record.id ??
    name;
  const line = (log: CollectedLog) => lineOf(log, nameOf(log.node));
  return {
    traces: (query) => ({ items: collected().traces(defined(query)).map(summaryOf) }),
    trace({ traceId }, ctx) {
      const found = collected().trace(traceId);
      if (!found) return ctx.fail("NoSuchTrace");
      const { spans, missingCount } = found;
      return {
        summary: summaryOf(found),
        spans: spans.slice(0, spansMax).map((span) => spanOf(span, nameOf(span.node))),
        missing: missingCount,
        leftOut: Math.max(0, spans.length - spansMax),
      };
    },
    logs: ({ node: name, ...query }) => ({
      items: collected()
        .logs(defined({ ...query, node: name && idOf(name) }))
        .map(line),
    }),
    followLogs({ node: name, ...filter }, ctx) {
      const query = defined({ ...filter, node: name && idOf(name) });
      return followLogs(collected(), { query, lineOf: line, signal: ctx.signal });
    },
  };
}

function summaryOf(found: CollectedSummary): z.infer<typeof TraceSummary> {
  const { traceId, startMs, rootName, rootService, durationMs, spanCount, errorCount } = found;
  return {
    ...{ traceId, durationMs, spanCount, errorCount },
    startedAt: startMs,
    name: rootName,
    service: rootService,
    services: [...found.services],
  };
}

function spanOf(span: CollectedSpan, node: string): z.infer<typeof TraceSpan> {
  const { spanId, parentId, name, kind, service, startMs, durationMs, depth, skewMs } = span;
  return {
    ...{ spanId, name, kind, service, node, durationMs, depth },
    parentId: parentId ?? null,
    startedAt: startMs,
    skewMs: skewMs ?? 0,
    error: span.status === "error" ? (span.error ?? "UNKNOWN") : null,
    peer: span.peer ?? null,
    attributes: listOf(span.attributes ?? {}),
  };
}

function lineOf(log: CollectedLog, node: string): z.infer<typeof LogLine> {
  const { id, at, level, text, service, traceId, fields } = log;
  return {
    ...{ id, at, level, service, node },
    message: text.slice(0, valueLengthMax),
    traceId: traceId ?? null,
    fields: listOf(fields),
  };
}

function listOf(values: Readonly<Record<string, unknown>>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return { name, value: text.slice(0, valueLengthMax) };
  });
}

type Defined<Query> = { [Key in keyof Query]: Exclude<Query[Key], undefined> };

/** Without what is not given. */
function defined<Query extends object>(query: Query): Defined<Query> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Defined<Query>;
}
