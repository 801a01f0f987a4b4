/** Bounds of what goes between the gateway and one target of an upstream. */
export interface UpstreamLimits {
  /** A connection must be made within this time. */
  readonly connectMsMax: number;
  /** Once the answer has begun, the target may pause for this long. */
  readonly pauseMsMax: number;
  /** Largest head of an answer, in bytes. */
  readonly headBytesMax: number;
  readonly headersMax: number;
  /** Interim answers (1xx) before the final one. */
  readonly interimMax: number;
  /** Connections to one target. */
  readonly connectionsMax: number;
  /** Requests that wait for a connection to one target; further ones are 503. */
  readonly waitingMax: number;
  /** WebSockets and streams of events of one target; further ones count as its connections. */
  readonly longLivedMax: number;
  /** They end when nothing went over for so long. */
  readonly idleMs: number;
  /** An unused connection is kept this long: shorter than the 5 s of Node's own server, so that it seldom closes first. */
  readonly keepAliveMs: number;
}

/** The defaults. */
export const upstreamLimits: UpstreamLimits = {
  connectMsMax: 2_000,
  pauseMsMax: 30_000,
  headBytesMax: 32 * 1024,
  headersMax: 200,
  interimMax: 16,
  connectionsMax: 256,
  waitingMax: 1_024,
  longLivedMax: 4_096,
  idleMs: 300_000,
  keepAliveMs: 4_000,
};
