import type { SpanRecord } from "../../telemetry/index.ts";
import type { CollectedTrace, TraceSummary, TracesQuery } from "./collector.ts";
import { collectedTrace } from "./core/collected-trace.ts";
import type { Store } from "./store.ts";

/** Traces in one answer. */
const tracesMax = 500;
const tracesDefault = 50;
/** Of one trace no more is looked at. */
const spansMax = 5_000;
/** The newest traces are looked through for a service or a name, so many at most. */
const lookedMax = 2_000;

/** The spans that were collected. */
export class SpanStore {
  readonly #store: Store;
  readonly #insert;
  readonly #ofTrace;
  readonly #newest;
  readonly #mark;
  #count = 0;

  constructor(store: Store) {
    const { database } = store;
    this.#store = store;
    this.#insert = database.prepare(
      "insert into spans (trace, span, came, size, record) values (?, ?, ?, ?, ?) on conflict do nothing",
    );
    this.#mark = database.prepare(
      `insert into traces (trace, start, finish, errors) values (?, ?, ?, ?) on conflict do update set
        start = min(start, excluded.start), finish = max(finish, excluded.finish), errors = errors + excluded.errors`,
    );
    this.#ofTrace = database.prepare(
      "select record from spans where trace = ? order by id limit ?",
    );
    this.#newest = database.prepare(
      "select trace from traces where start < ? and errors >= ? and finish - start >= ? order by start desc limit ?",
    );
  }

  /** Spans that came in, ever. */
  get count(): number {
    return this.#count;
  }

  /** Adds spans; those that are there already count for nothing. @param time in ms since 1970. */
  add(spans: readonly SpanRecord[], time: number): void {
    this.#store.transaction(() => {
      for (const span of spans) {
        const record = JSON.stringify(span);
        const { traceId, spanId, startMs, durationMs, status } = span;
        const values = [traceId, spanId, Math.floor(time), record.length, record];
        if (this.#insert.run(...values).changes === 0) continue;
        this.#mark.run(traceId, startMs, startMs + durationMs, status === "error" ? 1 : 0);
        this.#store.added("spans", record.length);
        this.#count += 1;
      }
    });
  }

  trace(traceId: string): CollectedTrace | undefined {
    const records = this.#ofTrace
      .all(traceId, spansMax)
      .map(({ record }) => JSON.parse(String(record)) as SpanRecord);
    return collectedTrace(traceId, records);
  }

  traces(query: TracesQuery): TraceSummary[] {
    const { before = Number.MAX_SAFE_INTEGER, limit = tracesDefault, durationMsMin = 0 } = query;
    const errorsMin = query.onlyErrors ? 1 : 0;
    const most = Math.min(limit, tracesMax);
    const found: TraceSummary[] = [];
    for (const { trace } of this.#newest.iterate(before, errorsMin, durationMsMin, lookedMax)) {
      const whole = this.trace(String(trace));
      if (!whole || !isWanted(whole, query)) continue;
      const { spans: _spans, missingCount: _missing, ...summary } = whole;
      found.push(summary);
      if (found.length >= most) break;
    }
    return found;
  }
}

function isWanted(
  { traceId, rootName, services }: CollectedTrace,
  { service, text }: TracesQuery,
): boolean {
  if (service !== undefined && !services.includes(service)) return false;
  if (text === undefined) return true;
  return traceId === text || rootName.toLowerCase().includes(text.toLowerCase());
}
