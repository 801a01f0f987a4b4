import { ContractError } from "../../contract/index.ts";

/** Where a step is. `unknown`: nobody knows whether it was done, so it is undone like one that was. */
export type StepState = "started" | "done" | "refused" | "unknown" | "compensated";

/** Codes by which a callee says that the same request will fail again. */
const finalCodes = new Set([
  "INVALID_ARGUMENT",
  "FAILED_PRECONDITION",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
]);

/** Whether an error is an answer: the step was surely not done, and trying again would not help. */
export function isRefusal(error: Error): boolean {
  if (error instanceof ContractError) return true;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && finalCodes.has(code);
}

/** Steps that are undone when the saga fails, last one first. */
export function toCompensate<Step extends { readonly state: StepState; readonly position: number }>(
  steps: readonly Step[],
): Step[] {
  return steps
    .filter(({ state }) => state === "done" || state === "unknown" || state === "started")
    .sort((left, right) => right.position - left.position);
}

/** Tries of a compensation before somebody has to look. */
export const compensationAttemptsMax = 12;
const baseMs = 200;
const capMs = 30_000;

/** How long a step waits after so many failed tries, in ms: doubling, with jitter in the upper half. */
export function retryDelayMs(attempts: number, random: () => number): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** (attempts - 1));
  return ceiling / 2 + (random() * ceiling) / 2;
}
