/** A line of a node's log. Plain JSON; secrets are redacted before it is kept. */
export interface LogRecord {
  /** Grows by one with each line of the node, from 1. */
  readonly sequence: number;
  /** When it was written, in ms since 1970 by the node's own clock. */
  readonly at: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
  /** The service that wrote it; the node's name where none did. */
  readonly service: string;
  /** The id of the node, as in the registry. */
  readonly node: string;
  /** Of the request that it was written in. */
  readonly traceId?: string;
  readonly spanId?: string;
  /** What was logged beside the text. */
  readonly fields: Readonly<Record<string, unknown>>;
}
