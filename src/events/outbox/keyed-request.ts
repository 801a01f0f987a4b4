import type { CallContext } from "../../contract/index.ts";
import { DureError } from "../../kit/index.ts";

/** A request with an idempotency key. */
export interface KeyedRequest {
  /** What the key counts within: operation and principal, so that nobody meets another's. */
  readonly scope: string;
  readonly key: string;
  /** Plain JSON. */
  readonly input: unknown;
}

/** The request that a handler serves, for `inbox.answerOnce`. Throws INVALID_ARGUMENT if it has no key. */
export function keyedRequest(
  { operation, principal, idempotencyKey }: CallContext,
  input: unknown,
): KeyedRequest {
  const name = `${operation.service}.${operation.name}`;
  if (idempotencyKey === undefined) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${name} needs an idempotency key; over HTTP, idempotency: "required" asks for it`,
    );
  }
  // Two issuers may know different people by one name.
  const scope = JSON.stringify([name, principal?.claims?.iss, principal?.subject]);
  return { scope, key: idempotencyKey, input };
}
