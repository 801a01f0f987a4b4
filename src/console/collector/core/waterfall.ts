/**
 * A trace as people look at it: spans in the order of a waterfall, on one clock.
 *
 * Each machine has a clock of its own. A call cannot be worked on before it was sent nor answered after the answer came, so where a span
 * of another node seems to, its node's clock is wrong. The correction is Jaeger's (model/adjuster/clockskew.go): a child that does not fit
 * into its parent is laid into the parent's middle, as if both ways took the same time, and all of that node below it moves along.
 */
import type { SpanRecord } from "../../../telemetry/index.ts";
import type { CollectedSpan } from "../collector.ts";

/** Clocks of processes differ by so much without anybody calling them wrong, in ms. */
const toleranceMs = 1;

/** Spans in order, and how many that others name as their parent are not among them. */
export interface Waterfall {
  readonly spans: readonly CollectedSpan[];
  readonly missingCount: number;
}

/** Lays spans of one trace out. Spans that name each other as parents in a circle are left out: no sound node sends such. */
export function waterfall(records: readonly SpanRecord[]): Waterfall {
  const byId = new Map(records.map((record) => [record.spanId, record]));
  const children = new Map<string, SpanRecord[]>();
  const roots: SpanRecord[] = [];
  const missing = new Set<string>();
  for (const record of byId.values()) {
    const { parentId } = record;
    if (parentId !== undefined && byId.has(parentId)) {
      const siblings = children.get(parentId) ?? [];
      siblings.push(record);
      children.set(parentId, siblings);
    } else {
      if (parentId !== undefined) missing.add(parentId);
      roots.push(record);
    }
  }
  const spans: CollectedSpan[] = [];
  // An explicit stack: a trace may be deeper than the stack of calls.
  const stack = inOrder(roots).map((record) => ({ record, depth: 0, skewMs: 0 }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { record, depth, skewMs } = next;
    const span = { ...record, startMs: record.startMs + skewMs, depth };
    spans.push(Math.abs(skewMs) > toleranceMs ? { ...span, skewMs } : span);
    for (const child of inOrder(children.get(record.spanId) ?? [])) {
      const inherited = { ...child, startMs: child.startMs + skewMs };
      const own = child.node === record.node ? 0 : skewOf(span, inherited);
      stack.push({ record: child, depth: depth + 1, skewMs: skewMs + own });
    }
  }
  // A client outside of the mesh has a span that nobody here can tell of.
  const outside = roots.length === 1 && missing.size === 1 ? 1 : 0;
  return { spans, missingCount: missing.size - outside };
}

/** The last to be shown first, for a stack. */
function inOrder(records: readonly SpanRecord[]): SpanRecord[] {
  return records.toSorted((a, b) => b.startMs - a.startMs || (a.spanId < b.spanId ? 1 : -1));
}

/** What is to be added to a child's times so that it fits into its parent; 0 where it does, or where it may well outlive it. */
function skewOf(parent: SpanRecord, child: SpanRecord): number {
  const parentEnd = parent.startMs + parent.durationMs;
  const isTooEarly = child.startMs < parent.startMs - toleranceMs;
  // Events and sagas are worked on after they were asked for, whenever that may be.
  const isAwaited = parent.kind === "client" || parent.kind === "http";
  if (!isAwaited) return isTooEarly ? parent.startMs - child.startMs : 0;
  if (child.durationMs > parent.durationMs) return isTooEarly ? parent.startMs - child.startMs : 0;
  const isTooLate = child.startMs + child.durationMs > parentEnd + toleranceMs;
  if (!isTooEarly && !isTooLate) return 0;
  const onTheWayMs = (parent.durationMs - child.durationMs) / 2;
  return parent.startMs + onTheWayMs - child.startMs;
}
