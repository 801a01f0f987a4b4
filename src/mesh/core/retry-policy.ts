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

const retryableCodes = new Set(["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"]);

/** Decides by what is known: `sent` says whether the work may have been begun, `isIdempotent` whether that matters. */
export function decideRetry(failure: CallFailure, isIdempotent: boolean): RetryDecision {
  if (failure.isDeclared || failure.code === "CANCELLED" || failure.code === "DEADLINE_EXCEEDED")
    return "give-up";
  if (failure.sent === "no") return isMessageTooLarge(failure) ? "give-up" : "redispatch";
  if (!isIdempotent || !retryableCodes.has(failure.code)) return "give-up";
  return "retry";
}

/** It would be too large everywhere. */
function isMessageTooLarge(failure: CallFailure): boolean {
  return (
    failure.code === "INVALID_ARGUMENT" ||
    (failure.code === "RESOURCE_EXHAUSTED" && /bytes; the limit/.test(failure.message))
  );
}
