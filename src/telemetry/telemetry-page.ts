/**
 * What each node answers over the mesh to whoever collects: the built-in operations `$telemetry.spans`, `.logs`, `.metrics` and `.clock`,
 * whose params are strings (`traceIds` separated by commas). They are pulled and nothing is ever sent by itself, so that a node that floods
 * overwrites its own ring and nobody else's.
 */

/** One answer to `$telemetry.spans` or `$telemetry.logs`. */
export interface TelemetryPage<Record> {
  /** Oldest first. */
  readonly records: readonly Record[];
  /** What to give as `after` to go on. Cursors of one node mean nothing to another, nor to its next process. */
  readonly next: number;
  /** How many were overwritten between `after` and the first of these before anybody asked. */
  readonly dropped: number;
}

/** What `$telemetry.spans` takes. */
export interface SpansQuery {
  /**
   * From the cursor on: the spans to be collected, which are those of sampled traces, those that failed and those that were slow.
   * Default: from the oldest one that is held.
   */
  readonly after?: number;
  /** In place of that, every span of these traces that is still held, sampled or not; at most 100. */
  readonly traceIds?: readonly string[];
  /** At most so many. Default and most: 1,000. */
  readonly limit?: number;
}

/** What `$telemetry.logs` takes; what is given must all be true of a line. */
export interface LogsQuery {
  /** Default: from the oldest line that is held. */
  readonly after?: number;
  readonly traceId?: string;
  /** Part of the text or of the fields, in upper or lower case. */
  readonly text?: string;
  /** At most so many. Default and most: 1,000. */
  readonly limit?: number;
}
