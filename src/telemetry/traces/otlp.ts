/** Spans as OTLP has them over HTTP in JSON (OpenTelemetry Protocol 1.x, "OTLP/HTTP"; opentelemetry-proto, trace/v1/trace.proto). */
import type { SpanKind, SpanRecord } from "./span-record.ts";

/** The numbers of trace.proto. */
const kinds: Readonly<Record<SpanKind, number>> = {
  saga: 1,
  http: 2,
  server: 2,
  client: 3,
  publish: 4,
  consume: 5,
};
const statusError = 2;

/** The body of one request: spans by the service that they belong to. */
export function otlpBody(spans: readonly SpanRecord[]): string {
  const byService = Map.groupBy(spans, ({ service, node }) => `${service}\n${node}`);
  const resourceSpans = [...byService].map(([key, own]) => {
    const [service = "", node = ""] = key.split("\n");
    return {
      resource: {
        attributes: attributesOf({ "service.name": service, "service.instance.id": node }),
      },
      scopeSpans: [{ scope: { name: "dure" }, spans: own.map(otlpSpan) }],
    };
  });
  return JSON.stringify({ resourceSpans });
}

function otlpSpan(span: SpanRecord) {
  const { traceId, spanId, parentId, name, kind, startMs, durationMs, error, peer } = span;
  const told = {
    ...span.attributes,
    ...(peer === undefined ? {} : { "dure.peer": peer }),
    ...(error === undefined ? {} : { "error.type": error }),
  };
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(startMs + durationMs),
    attributes: attributesOf(told),
    status: error === undefined ? {} : { code: statusError, message: error },
  };
}

/** 64-bit numbers are text in the JSON of Protocol Buffers. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6)));
}

function attributesOf(values: Readonly<Record<string, string | number>>) {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { doubleValue: value } : { stringValue: value },
  }));
}
