import type { TraceContext } from "../trace-context.ts";
import type { SpanKind } from "./span-record.ts";
import type { FinishedSpan, SpanName } from "./span-ring.ts";

/** What a span is, when it begins. */
export interface SpanStart {
  readonly kind: SpanKind;
  readonly name: SpanName;
  /** Whose work it is; default: the parent's. */
  readonly service?: string | undefined;
}

/** Another tracing system that has our spans as its own. */
export interface SpanBridge {
  /** Begins a span there; its identifiers are those that travel. */
  start(parent: TraceContext | undefined, span: SpanStart): TraceContext;
  end(span: FinishedSpan): void;
  /** Runs code with the span as the active one there. */
  run<Output>(trace: TraceContext, code: () => Output): Output;
}
