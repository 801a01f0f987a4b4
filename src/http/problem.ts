import type { OperationDescription } from "../contract/index.ts";
import { errorCatalogue, isErrorCode } from "../kit/index.ts";
import type { CallFailure } from "../wire/index.ts";
import { idempotencyKeyReused } from "./idempotency-key.ts";

/** A problem document (RFC 9457). */
export interface Problem {
  /** `about:blank`: the status says it all. A contract's own errors have a name instead. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  /** A platform code or the contract's own. */
  readonly code: string;
  readonly requestId: string;
  /** What is wrong with which field. */
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  /** What a contract's own error carries. */
  readonly data?: unknown;
}

/** Where a problem arose. */
export interface ProblemPlace {
  readonly requestId: string;
  readonly path: string;
}

const ownStatuses: Record<number, { code: string; title: string }> = {
  400: { code: "INVALID_ARGUMENT", title: "Bad Request" },
  401: { code: "UNAUTHENTICATED", title: "Unauthorized" },
  403: { code: "PERMISSION_DENIED", title: "Forbidden" },
  404: { code: "NOT_FOUND", title: "Not Found" },
  405: { code: "UNIMPLEMENTED", title: "Method Not Allowed" },
  408: { code: "DEADLINE_EXCEEDED", title: "Request Timeout" },
  413: { code: "RESOURCE_EXHAUSTED", title: "Content Too Large" },
  414: { code: "RESOURCE_EXHAUSTED", title: "URI Too Long" },
  415: { code: "INVALID_ARGUMENT", title: "Unsupported Media Type" },
  417: { code: "INVALID_ARGUMENT", title: "Expectation Failed" },
  421: { code: "FAILED_PRECONDITION", title: "Misdirected Request" },
  429: { code: "RESOURCE_EXHAUSTED", title: "Too Many Requests" },
  431: { code: "RESOURCE_EXHAUSTED", title: "Request Header Fields Too Large" },
  501: { code: "UNIMPLEMENTED", title: "Not Implemented" },
  502: { code: "INTERNAL", title: "Bad Gateway" },
  503: { code: "UNAVAILABLE", title: "Service Unavailable" },
  504: { code: "DEADLINE_EXCEEDED", title: "Gateway Timeout" },
  505: { code: "UNIMPLEMENTED", title: "HTTP Version Not Supported" },
};

/** A problem that the gateway itself found. */
export function gatewayProblem(status: number, detail: string, place: ProblemPlace): Problem {
  const { code, title } = ownStatuses[status] ?? { code: "INTERNAL", title: "Error" };
  return {
    type: "about:blank",
    title,
    status,
    detail,
    instance: place.path,
    code,
    requestId: place.requestId,
  };
}

/** A failed call as a problem document. */
export function failureProblem(
  failure: CallFailure,
  operation: OperationDescription,
  place: ProblemPlace,
): Problem {
  const base = { instance: place.path, code: failure.code, requestId: place.requestId };
  const data = failure.data === undefined ? undefined : JSON.parse(failure.data);
  const declared = failure.isDeclared ? operation.errors[failure.code] : undefined;
  if (declared) {
    return {
      type: `urn:dure:error:${failure.code}`,
      title: failure.code,
      status: declared.status,
      ...base,
      ...(data === undefined ? {} : { data }),
    };
  }
  const { httpStatus, title } = isErrorCode(failure.code)
    ? errorCatalogue[failure.code]
    : { httpStatus: 502, title: "The service gave an answer that its contract does not declare" };
  const details = (data ?? {}) as FailureDetails;
  const { issues } = details;
  return {
    type: "about:blank",
    title,
    status: ownStatusOf(failure, details) ?? httpStatus,
    detail: failure.message,
    ...base,
    ...(issues ? { errors: issues.map(({ path, message }) => ({ field: path, message })) } : {}),
  };
}

/** What failures say to machines, as far as problems tell of it. */
interface FailureDetails {
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  readonly reason?: string;
}

/** Where HTTP has a status that says more than the one of the code. */
function ownStatusOf(failure: CallFailure, { reason }: FailureDetails): number | undefined {
  if (reason === idempotencyKeyReused) return 422;
  const isTooLarge =
    failure.code === "RESOURCE_EXHAUSTED" && /bytes; the limit/.test(failure.message);
  return isTooLarge ? 413 : undefined;
}
