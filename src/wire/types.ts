import type { Sent } from "../kit/index.ts";
import type { TraceContext } from "../telemetry/index.ts";

/** A message body: text (JSON) or bytes. Text is encoded straight into the write buffer. */
export type Body = string | Uint8Array;

/** Names an operation on the wire. Keep one object per operation: links number operations by its identity. */
export interface OperationRef {
  /** The contract's name. */
  readonly service: string;
  /** The operation's name within the contract. */
  readonly operation: string;
  /** Hash of the contract the caller was built against; empty if it has none. */
  readonly contractHash: string;
}

/** Everything that travels with a request apart from its body. Absent fields cost no bytes. */
export interface RequestHead {
  /** Time left for the call, in ms, as the caller sees it when it sends. */
  readonly deadlineMs: number;
  /** Where the call belongs in a trace; 25 bytes on the wire. */
  readonly trace?: TraceContext | undefined;
  /** String parameters from path and query, as the text of a JSON object; the callee converts them by its schema. */
  readonly params?: string | undefined;
  /** Who the call is made for, as the text of a JSON object. */
  readonly principal?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** 0 (most important) to 7; default 3. */
  readonly priority?: number | undefined;
  /** 0 for the first attempt. */
  readonly attempt?: number | undefined;
  /** How many retries the hops below may still make between them. */
  readonly retriesLeft?: number | undefined;
  /** Key for sticky routing and partitions. */
  readonly routingKey?: string | undefined;
  /** Typed context keys that travel every hop, as the text of a JSON object. */
  readonly baggage?: string | undefined;
  /** For `raw` operations: method, url and headers, as the text of a JSON object. */
  readonly http?: string | undefined;
}

/** A successful answer. */
export interface Response {
  readonly body: Uint8Array;
  /** HTTP status, where the callee chose one. */
  readonly status?: number | undefined;
  /** HTTP headers (for `raw`), as the text of a JSON array of [name, value] pairs. */
  readonly headers?: string | undefined;
  /** Requests the callee was working on when it answered. */
  readonly load?: number | undefined;
  /** How late the callee's event loop was running, in ms; absent below 1 ms. */
  readonly loopDelayMs?: number | undefined;
}

/** A failure as it crosses the wire. Stacks never do. */
export interface WireFailure {
  /** A platform code or a contract's own error name. */
  readonly code: string;
  readonly message: string;
  /** The text of a JSON value: `details` of a platform error, `data` of a contract's own. */
  readonly data?: string | undefined;
  /** Whether `code` is declared by the operation's contract. */
  readonly isDeclared?: boolean | undefined;
  /** Whether the handler was started: `false` makes the call safe to send elsewhere. */
  readonly isStarted: boolean;
  /** A hop below has retried, as far as it may: those above must not multiply that. */
  readonly isExhausted?: boolean | undefined;
}

/** What a caller's side learns when a call fails: the failure and whether the work was surely not begun. */
export interface CallFailure extends WireFailure {
  readonly sent: Sent;
}

/** Who a peer says it is, checked by the handshake. */
export interface PeerIdentity {
  readonly mesh: string;
  readonly nodeId: string;
  /** The service or program name, for people. */
  readonly name: string;
  readonly incarnation: number;
}
