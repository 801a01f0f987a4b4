import type { CallFailure } from "../../wire/index.ts";

/** What to do with a failed attempt. */
export type RetryDecision =
  /** Tell the caller. */
  | "give-up"
  /** Send it elsewhere; it was surely never begun, so this costs nothing and needs no budget. */
  | "redispatch"
  /** Send it elsewhere if the budget allows. */
  | "retry";

/** A call that keeps missing moving targets ends some time. */
export const redispatchesMax = 8;

/** Failures that another instance may not share. INTERNAL and UNKNOWN are among them, as one broken instance answers so at once. */
const retryableCodes = new Set([
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "INTERNAL",
  "UNKNOWN",
]);

/** Failures that every instance shares. */
const finalCodes = new Set([
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
]);

/** Decides by what is known: `sent` says whether the work may have been begun, `isIdempotent` whether that matters. */
export function decideRetry(failure: CallFailure, isIdempotent: boolean): RetryDecision {
  const { code, sent, isDeclared, isExhausted } = failure;
  if (isDeclared || isExhausted) return "give-up";
  if (finalCodes.has(code)) return "give-up";
  if (sent === "no") {
    if (isMessageTooLarge(failure)) return "give-up";
    // Refused for want of room: for free it would go round all instances, and be one more request to each of them.
    return isRefusal(failure) ? "retry" : "redispatch";
  }
  if (!isIdempotent || !retryableCodes.has(code)) return "give-up";
  return "retry";
}

/** Whether an overloaded callee has refused the call. */
export function isRefusal({ code, sent }: CallFailure): boolean {
  return code === "RESOURCE_EXHAUSTED" && sent === "no";
}

/** What a failed attempt says of the instance that made it fail. */
export function isInstanceAtFault({ code, sent, isDeclared, isExhausted }: CallFailure): boolean {
  if (isDeclared || isExhausted || sent === "no") return false;
  return (
    code === "DEADLINE_EXCEEDED" ||
    code === "DATA_LOSS" ||
    (retryableCodes.has(code) && code !== "ABORTED")
  );
}

/** It would be too large everywhere. */
function isMessageTooLarge(failure: CallFailure): boolean {
  return (
    failure.code === "INVALID_ARGUMENT" ||
    (failure.code === "RESOURCE_EXHAUSTED" && /bytes; the limit/.test(failure.message))
  );
}
