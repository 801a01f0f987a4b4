import { ContractError, type OperationRuntime } from "../contract/index.ts";
import { asError, DureError, errorCatalogue } from "../kit/index.ts";

/** The part of a problem document (RFC 9457) that is read. */
interface Problem {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly data?: unknown;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

const declaredType = "urn:dure:error:";

/** An answer that is no success, as the error that it tells of. */
export async function refusalOf(response: Response, runtime: OperationRuntime): Promise<Error> {
  const title = `${runtime.service}.${runtime.name}`;
  const problem = await problemOf(response);
  if (typeof problem?.code !== "string") {
    const message = `${title}: HTTP status ${response.status} without a problem document; is ${response.url} a gateway?`;
    return new DureError(codeOf(response.status), message, { sent: "unknown" });
  }
  const { type, code, data, detail, errors } = problem;
  if (typeof type === "string" && type.startsWith(declaredType))
    return new ContractError(title, code, data);
  const issues = errors?.map(({ field, message }) => ({ path: field, message }));
  const message = String(detail ?? problem.title ?? `${title} failed`);
  return new DureError(code, message, issues ? { details: { issues } } : {});
}

/** What a call rejects with: what it was given up for, what was refused, or that the gateway cannot be reached. */
export function failureOf(thrown: unknown, runtime: OperationRuntime, signal: AbortSignal): Error {
  if (signal.aborted && signal.reason instanceof DureError) return signal.reason;
  if (thrown instanceof DureError) return thrown;
  const { service, name } = runtime;
  const message = `${service}.${name}: the connection failed: ${asError(thrown).message}`;
  return new DureError("UNAVAILABLE", message, { sent: "unknown", cause: thrown });
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get("content-type")?.includes("json")) return undefined;
  const value: unknown = await response.json().catch(() => undefined);
  return typeof value === "object" && value !== null ? value : undefined;
}

/** What a status means where nothing says more: that of a proxy before the gateway, perhaps. */
function codeOf(status: number): string {
  if (status === 502) return "UNAVAILABLE";
  const found = Object.entries(errorCatalogue).find(([, { httpStatus }]) => httpStatus === status);
  return found?.[0] ?? "UNKNOWN";
}
