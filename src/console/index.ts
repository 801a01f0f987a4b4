/** console: the server side of the web console, and the collector of what all nodes tell of themselves. */

export type {
  CollectedLog,
  CollectedLogsQuery,
  CollectedSpan,
  CollectedTrace,
  Collector,
  CollectorStatus,
  TraceSummary,
  TracesQuery,
} from "./collector/collector.ts";
export { type CollectorOptions, createCollector } from "./collector/create-collector.ts";
