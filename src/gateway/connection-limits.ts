/** Bounds of connections, beside those of one request. */
export interface ConnectionLimits {
  /** Header fields of a request; above it 431. Envoy's default. */
  readonly headersMax: number;
  /** The head must be complete this long after its first byte; then 408. Holds off those who send a byte now and then. */
  readonly headMsMax: number;
  /** A client that sends its body, or reads its answer, may pause for this long; then 408, or the connection is cut. */
  readonly pauseMsMax: number;
  /** And it must be this fast on the whole: 2 KiB/s is the worst of mobile networks. */
  readonly bytesPerSecondMin: number;
  /** An idle connection is kept this long: longer than the 60 s for which balancers keep theirs, so that they close first. */
  readonly keepAliveMs: number;
  /** Then the connection is closed after an answer, so that clients spread over gateways that came later. */
  readonly requestsPerConnectionMax: number;
  /** Further ones are closed at once. Each costs about 10 KB and a file descriptor. */
  readonly connectionsMax: number;
  /** A body that nobody read is read to its end, for the next request's sake, if no more than this is left of it. */
  readonly unreadBytesMax: number;
  /** Bytes of a body that wait for a reader; with more the client is held back. */
  readonly bodyQueueBytesMax: number;
  /** Bytes of a streamed answer that wait for the client; a stream that does not heed the promise of `write` is broken off. */
  readonly answerQueueBytesMax: number;
  /** After the last answer, what still comes is thrown away for this long: closing at once could destroy the answer on its way. */
  readonly lingerMs: number;
}

/** The defaults. */
export const connectionDefaults: ConnectionLimits = {
  headersMax: 100,
  headMsMax: 10_000,
  pauseMsMax: 10_000,
  bytesPerSecondMin: 2 * 1024,
  keepAliveMs: 65_000,
  requestsPerConnectionMax: 10_000,
  connectionsMax: 10_000,
  unreadBytesMax: 64 * 1024,
  bodyQueueBytesMax: 64 * 1024,
  answerQueueBytesMax: 16 * 1024 * 1024,
  lingerMs: 1_000,
};
