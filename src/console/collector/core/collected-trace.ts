import type { SpanRecord } from "../../../telemetry/index.ts";
import type { CollectedTrace } from "../collector.ts";
import { waterfall } from "./waterfall.ts";

/** A trace of its spans; undefined without any. */
export function collectedTrace(
  traceId: string,
  records: readonly SpanRecord[],
): CollectedTrace | undefined {
  const { spans, missingCount } = waterfall(records);
  const [root] = spans;
  if (!root) return undefined;
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  return {
    traceId,
    rootName: root.name,
    rootService: root.service,
    startMs,
    durationMs: endMs - startMs,
    spanCount: spans.length,
    errorCount: spans.filter(({ status }) => status === "error").length,
    services: [...new Set(spans.map(({ service }) => service))],
    spans,
    missingCount,
  };
}
