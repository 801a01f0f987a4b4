/** telemetry: how the platform tells what it does. A leaf: everyone may import it, and it imports no other folder. */
export {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  silentLogger,
} from "./logger.ts";
export type { LogRecord } from "./logs/log-record.ts";
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
export type { LogsQuery, SpansQuery, TelemetryPage } from "./telemetry-page.ts";
export { TraceContext } from "./trace-context.ts";
export type { SpanKind, SpanRecord } from "./traces/span-record.ts";
