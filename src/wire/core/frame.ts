/**
 * The envelope of every message on a link.
 *
 * ```
 *   0        4      5       6           10            12
 *   +--------+------+-------+-----------+-------------+----------------+--------+
 *   | length | type | flags | stream id | fields size | fields (TLV) ...| body   |
 *   +--------+------+-------+-----------+-------------+----------------+--------+
 *    u32      u8     u8      u32         u16           tag u8, size u16, value
 *    high bit set: never the first byte of an HTTP request
 * ```
 */

/** Bytes before the fields. */
export const headerBytes = 12;
/** The high bit of the length. */
export const lengthMark = 0x8000_0000;

/** Frame types; a type above these is skipped unless its must-understand flag is set. */
export const frameType = {
  HELLO: 1,
  AUTH: 2,
  BIND: 3,
  REQUEST: 4,
  RESPONSE: 5,
  ERROR: 6,
  DATA: 7,
  CANCEL: 8,
  WINDOW: 9,
  PING: 10,
  PONG: 11,
  DRAIN: 12,
  DRAINED: 13,
  GOAWAY: 14,
  END: 15,
} as const;

/** Flag bits. */
export const frameFlag = {
  /** The sender writes nothing more on this stream. */
  END: 0x01,
  /** The message goes on in the next DATA frame of this stream. */
  MORE: 0x02,
  /** A receiver that does not know the type must close the link instead of skipping the frame. */
  MUST_UNDERSTAND: 0x80,
} as const;

/** Field tags. A receiver skips those it does not know. */
export const fieldTag = {
  VERSION_MIN: 1,
  VERSION_MAX: 2,
  FEATURES: 3,
  MESH: 4,
  NODE_ID: 5,
  NODE_NAME: 6,
  INCARNATION: 7,
  EXPECT_NODE: 8,
  NONCE: 9,
  PROOF: 10,
  SERVICE: 16,
  OPERATION: 17,
  CONTRACT_HASH: 18,
  OPERATION_NUMBER: 19,
  DEADLINE_MS: 20,
  TRACE: 21,
  PARAMS: 22,
  PRINCIPAL: 23,
  IDEMPOTENCY_KEY: 24,
  PRIORITY: 25,
  ATTEMPT: 26,
  RETRIES_LEFT: 27,
  ROUTING_KEY: 28,
  BAGGAGE: 29,
  HTTP: 30,
  TOTAL_BYTES: 31,
  INPUT_STREAM: 32,
  SENT_AT: 33,
  TRACE_STATE: 34,
  STATUS: 40,
  HEADERS: 41,
  LOAD: 42,
  LOOP_DELAY_MS: 43,
  CODE: 48,
  MESSAGE: 49,
  DATA: 50,
  DECLARED: 51,
  STARTED: 52,
  EXHAUSTED: 53,
  CREDIT: 56,
  LAST_STREAM: 57,
} as const;
