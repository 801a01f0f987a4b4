import type { OperationDescription } from "../../contract/index.ts";

/** Whether two executions at once are as good as one: not for PUT and DELETE, whose repetition is harmless only after the first. */
export function isHedgeable({ isIdempotent, http }: OperationDescription): boolean {
  return isIdempotent && http?.method !== "PUT" && http?.method !== "DELETE";
}
