/**
 * The catalogue of platform errors. The names are the canonical gRPC codes (google.rpc.Code), so that they mean here
 * what they mean elsewhere; the HTTP statuses are those of google.rpc.Code's own mapping unless a comment says why not.
 */
export const errorCatalogue = {
  INVALID_ARGUMENT: { httpStatus: 400, title: "The input is not valid" },
  UNAUTHENTICATED: { httpStatus: 401, title: "No valid credentials were given" },
  PERMISSION_DENIED: { httpStatus: 403, title: "The caller may not do this" },
  NOT_FOUND: { httpStatus: 404, title: "There is no such thing" },
  ALREADY_EXISTS: { httpStatus: 409, title: "It exists already" },
  ABORTED: { httpStatus: 409, title: "Another change came first" },
  FAILED_PRECONDITION: { httpStatus: 400, title: "The system is not in the state this needs" },
  OUT_OF_RANGE: { httpStatus: 400, title: "Past the valid range" },
  RESOURCE_EXHAUSTED: { httpStatus: 429, title: "A limit is reached" },
  CANCELLED: { httpStatus: 499, title: "The caller gave up" },
  UNKNOWN: { httpStatus: 500, title: "An unknown error" },
  INTERNAL: { httpStatus: 500, title: "A bug in the service" },
  UNIMPLEMENTED: { httpStatus: 501, title: "The operation is not offered" },
  UNAVAILABLE: { httpStatus: 503, title: "The service cannot be reached now" },
  DEADLINE_EXCEEDED: { httpStatus: 504, title: "The time for the call ran out" },
  DATA_LOSS: { httpStatus: 500, title: "Data is lost or corrupt" },
} as const;

/** A platform error code: one of the canonical gRPC names. */
export type ErrorCode = keyof typeof errorCatalogue;

/**
 * What the caller knows of its call: `no`, the work surely was not begun (safe to send elsewhere); `unknown`, it may have
 * been; `answered`, the callee said this itself.
 */
export type Sent = "no" | "unknown" | "answered";

/** What a {@link DureError} is made from. */
export interface DureErrorInit {
  /** See {@link Sent}. Default `"answered"`: the one who throws it is the one who knows. */
  readonly sent?: Sent;
  /** Facts for machines (a field's path, a limit); plain JSON. Crosses the wire. */
  readonly details?: unknown;
  /** The error behind this one. Stays in this process. */
  readonly cause?: unknown;
  /** See {@link DureError.isExhausted}. */
  readonly isExhausted?: boolean | undefined;
}

/**
 * The one error class of the platform. Its message names the thing, the value and the remedy. A contract's own errors are
 * `ContractError`s, which extend it.
 */
export class DureError extends Error {
  /** A code of {@link errorCatalogue}, or, in a subclass, the name of a contract's own error. */
  readonly code: string;
  /** Whether the work behind the call was begun. */
  readonly sent: Sent;
  /** Facts for machines; plain JSON. */
  readonly details: unknown;
  /** The call has been retried as far as it may: whoever passes this error on must not be retried for it. */
  readonly isExhausted: boolean;

  constructor(code: ErrorCode | (string & {}), message: string, init: DureErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.sent = init.sent ?? "answered";
    this.details = init.details;
    this.isExhausted = init.isExhausted ?? false;
  }

  static {
    DureError.prototype.name = "DureError";
  }
}

/** Whether `code` is a platform code (and not a contract's own error name). */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** Any thrown value as an Error, so that a message can always be read from it. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
