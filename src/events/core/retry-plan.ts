import type { DureError } from "../../kit/index.ts";
import { eventLimits, type FailedAttempt } from "../types.ts";

/** How often an event is tried before it becomes a dead letter. */
const attemptsMax = 8;
const baseMs = 200;
/** Longest wait between two attempts. */
export const retryDelayMsMax = 60_000;

/**
 * How long an event waits after so many failed attempts, in ms: 0.2 s doubling up to a minute, with full jitter in its upper half, so
 * that events that failed together do not come back together (M. Brooker, "Exponential Backoff And Jitter", 2015, "equal jitter").
 */
function retryDelayMs(attempts: number, random: () => number): number {
  const ceiling = Math.min(retryDelayMsMax, baseMs * 2 ** (attempts - 1));
  return ceiling / 2 + (random() * ceiling) / 2;
}

/** Whether trying again could help: data that does not fit the contract will not fit later either. */
function isWorthRetrying(error: Error): boolean {
  return (error as Partial<DureError>).code !== "INVALID_ARGUMENT";
}

/** One more failure; of many, the first and the last ones are kept. */
function withAttempt(history: readonly FailedAttempt[], error: Error, at: number): FailedAttempt[] {
  const { message, stack, code } = error as Error & { code?: unknown };
  const failed: FailedAttempt = {
    at: Math.floor(at),
    code: typeof code === "string" ? code : error.name,
    message: message.slice(0, 2_000),
    stack: stack?.slice(0, 4_000),
  };
  const all = [...history, failed];
  const surplus = all.length - eventLimits.historyMax;
  return surplus > 0 ? [...all.slice(0, 1), ...all.slice(1 + surplus)] : all;
}

/** What becomes of an event that has failed: it is tried again at `due`, or, without one, nobody tries it any more. */
export function afterFailure(
  history: readonly FailedAttempt[],
  error: Error,
  { time, random }: { readonly time: number; random(): number },
): { readonly history: FailedAttempt[]; readonly due?: number } {
  const attempts = history.length + 1;
  const all = withAttempt(history, error, time);
  if (attempts >= attemptsMax || !isWorthRetrying(error)) return { history: all };
  return { history: all, due: Math.floor(time + retryDelayMs(attempts, random)) };
}
