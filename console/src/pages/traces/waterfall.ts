/** Where the bars of a trace stand. The server has the spans in order, each behind its parent, with their clocks set right. Pure. */
import type { TraceSpan } from "../../data/types.ts";

export interface Bar {
  readonly span: TraceSpan;
  /** From the beginning of the trace, in ms. */
  readonly offsetMs: number;
}

export interface Waterfall {
  readonly bars: readonly Bar[];
  readonly durationMs: number;
}

export function waterfallOf(spans: readonly TraceSpan[]): Waterfall {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const { startedAt, durationMs } of spans) {
    start = Math.min(start, startedAt);
    end = Math.max(end, startedAt + durationMs);
  }
  return {
    // Nothing is shorter than a microsecond; a trace of one instant still has a scale.
    durationMs: Math.max(end - start, 0.001),
    bars: spans.map((span) => ({ span, offsetMs: span.startedAt - start })),
  };
}
