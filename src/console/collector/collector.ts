import type { LogRecord, SpanRecord } from "../../telemetry/index.ts";

/** Collects what all nodes of the mesh keep of their spans and logs, and finds it again. */
export interface Collector {
  /** Recent traces, newest first. */
  traces(query?: TracesQuery): TraceSummary[];
  /** One trace with all that is known of it; undefined if nothing is. */
  trace(traceId: string): CollectedTrace | undefined;
  /** Log lines, newest first. */
  logs(query?: CollectedLogsQuery): CollectedLog[];
  /** How the collecting goes. */
  status(): CollectorStatus;
  /** Calls `listener` after each round in which something came; gives back how to stop it. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Which traces; what is given must all be true. */
export interface TracesQuery {
  /** A service that had part in it. */
  readonly service?: string;
  /** Part of the root's name, or the whole trace id. */
  readonly text?: string;
  /** Those with a span that failed. */
  readonly onlyErrors?: boolean;
  /** Those that took at least so long. */
  readonly durationMsMin?: number;
  /** Those that began before, in ms since 1970: for the next page. */
  readonly before?: number;
  /** At most so many. Default 50, at most 500. */
  readonly limit?: number;
}

/** A trace in one line. */
export interface TraceSummary {
  readonly traceId: string;
  /** The root's name; of the earliest span where the root is not known (yet). */
  readonly rootName: string;
  readonly rootService: string;
  /** In ms since 1970. */
  readonly startMs: number;
  /** From the first start to the last end. */
  readonly durationMs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** In the order in which they came in. */
  readonly services: readonly string[];
}

/** A span with its place among the others. Their order is that of a waterfall: each behind its parent, by start. */
export interface CollectedSpan extends SpanRecord {
  /** 0 for a root and for a span whose parent is not known. */
  readonly depth: number;
  /** How much its node's clock was found to be wrong, in ms; `startMs` is corrected by it already. Absent: not at all. */
  readonly skewMs?: number;
}

/** All that is known of a trace. */
export interface CollectedTrace extends TraceSummary {
  readonly spans: readonly CollectedSpan[];
  /** Spans that others name as their parent and that nobody has told of. */
  readonly missingCount: number;
}

/** Which lines; what is given must all be true. */
export interface CollectedLogsQuery {
  /** Part of the text or of the fields, in upper or lower case. */
  readonly text?: string;
  readonly traceId?: string;
  readonly service?: string;
  readonly node?: string;
  /** This level or worse. */
  readonly level?: LogRecord["level"];
  /** Lines with a lower {@link CollectedLog.id}: for the next page. */
  readonly before?: number;
  /** Lines with a higher one: for what is new. */
  readonly after?: number;
  /** At most so many. Default 100, at most 1,000. */
  readonly limit?: number;
}

/** A line that was collected. */
export interface CollectedLog extends LogRecord {
  /** Grows in the order in which lines came in here. */
  readonly id: number;
}

/** How the collecting goes. */
export interface CollectorStatus {
  /** Nodes that were asked in the last round, and those of them that answered. */
  readonly nodes: number;
  readonly answering: number;
  readonly spans: number;
  readonly logs: number;
  /** What nodes had overwritten before it was fetched, since the start. */
  readonly droppedSpans: number;
  readonly droppedLogs: number;
  /** What is stored, in bytes. */
  readonly bytes: number;
}
