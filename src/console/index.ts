/** console: the server side of the web console, and the collector of what all nodes tell of themselves. */
export { type AskedTrace, askTrace } from "./collector/ask-trace.ts";

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
export { type Console, createConsole } from "./console.ts";
export { type ConsoleOptions, consoleDefaults, type FleetPort } from "./options.ts";
export { signInUrl } from "./sign-in-url.ts";
