import type { RequestInput, Route } from "../http/index.ts";
import type { RequestHead } from "../wire/index.ts";
import type { CallRequest } from "./client-stack.ts";
import { isHedgeable } from "./core/idempotence.ts";

/** A request over HTTP as a call of the operation that its route leads to. */
export function httpCall(
  { ref, operation }: Route,
  input: RequestInput,
  head: RequestHead,
): CallRequest {
  const { params, body, items, idempotencyKey, partitionKey } = input;
  return {
    ref,
    head: { ...head, params, idempotencyKey, routingKey: partitionKey ?? head.routingKey },
    body,
    input: items,
    isIdempotent: operation.isIdempotent,
    isHedgeable: isHedgeable(operation),
    isPartitioned: partitionKey !== undefined,
  };
}
