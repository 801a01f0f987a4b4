/** telemetry: how the platform tells what it does. A leaf: everyone may import it, and it imports no other folder. */
export type { LogRecord } from "./logs/log-record.ts";
export {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  levelRank,
  silentLogger,
} from "./logs/logger.ts";
export { type ReadableLine, readableLine } from "./logs/readable-line.ts";
export {
  type MetricsEndpoint,
  type MetricsEndpointOptions,
  openMetricsEndpoint,
} from "./metrics/endpoint.ts";
export {
  exposition,
  type MetricFamily,
  type MetricSource,
} from "./metrics/exposition.ts";
export type { DurationHistogram } from "./metrics/histogram.ts";
export {
  type Counter,
  type Durations,
  type GaugeReading,
  type MetricDefinition,
  Metrics,
} from "./metrics/metrics.ts";
export { addProcessMetrics } from "./metrics/process-metrics.ts";
export { NodeTelemetry } from "./node-telemetry.ts";
export type { LogsQuery, SpansQuery, TelemetryPage } from "./telemetry-page.ts";
export { isTraceState, TraceContext } from "./trace-context.ts";
export type { SpanStart } from "./traces/span-bridge.ts";
export type { SpanKind, SpanRecord } from "./traces/span-record.ts";
export { type TraceOptions, Traces } from "./traces/traces.ts";
