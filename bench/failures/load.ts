import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../harness/statistics.ts";
import type { Question } from "./messages.ts";
import type { Caller } from "./peer.ts";

/** Calls at a steady rate, each at its time, whatever became of those before it. */
export interface Phase {
  readonly forMs: number;
  readonly perSecond: number;
}

/** What the caller is asked to do. */
export interface LoadRequest {
  readonly phases: readonly Phase[];
  /** Whether some reads carry 1 MB. */
  readonly withLarge: boolean;
}

/** What became of the calls of one kind. */
export interface Tally {
  readonly calls: number;
  /** Answered with an error. */
  readonly lost: number;
  /** Neither answer nor error within {@link hungAfterMs}. */
  readonly hung: number;
  /** Answered within {@link inTimeMs}. */
  readonly inTime: number;
  /** Of the time until the outcome, whatever it was; a call that hangs counts as {@link hungAfterMs}. */
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** What became of all calls. */
export interface LoadResult {
  readonly reads: Tally;
  readonly writes: Tally;
  /** The reads of 1 MB, which are not among the others. */
  readonly large: Tally;
  /** What the lost ones said, and how often. */
  readonly reasons: Record<string, number>;
}

type Kind = "read" | "write" | "large";
interface Outcome {
  readonly kind: Kind;
  readonly end: "answered" | "lost" | "hung";
  readonly tookMs: number;
  readonly reason: string;
}

/** When a call counts as hung. */
export const hungAfterMs = 10_000;
/** Who waits for a page gives up after about that time. */
export const inTimeMs = 1_000;
/**
 * Every fifth call is a write, every fifteenth a large one where there are any. Odd, so that callers that take turns between two
 * callees do not send all of one kind to the same one.
 */
const writeEvery = 5;
const largeEvery = 15;
const smallNote = "x".repeat(100);
const largeNote = "x".repeat(1_000_000);

const warmUpMs = 1_500;
const warmUpMsMax = 15_000;
const warmUpGapMs = 10;

/** Calls until every callee has answered and the code is warm. What fails here does not count. */
export async function warmUp(caller: Caller, callees: readonly string[]): Promise<void> {
  const missing = new Set(callees);
  const startedAt = performance.now();
  for (let call = 0; missing.size > 0 || performance.now() - startedAt < warmUpMs; call++) {
    if (performance.now() - startedAt > warmUpMsMax)
      throw new Error(`${[...missing].join(" and ")} answered nothing within ${warmUpMsMax} ms`);
    const question = { id: `warm-up-${call}`, note: smallNote };
    const answer = call % writeEvery === 0 ? caller.write(question) : caller.read(question);
    answer.then(({ by }) => missing.delete(by)).catch(() => undefined);
    await pause(warmUpGapMs);
  }
}

/** Makes the calls and waits until each has come to something, or hangs. */
export async function runLoad(
  caller: Caller,
  { phases, withLarge }: LoadRequest,
): Promise<LoadResult> {
  const outcomes: Promise<Outcome>[] = [];
  let dueAt = performance.now();
  for (const { forMs, perSecond } of phases) {
    const endsAt = dueAt + forMs;
    for (; dueAt < endsAt; dueAt += 1_000 / perSecond) {
      const aheadMs = dueAt - performance.now();
      if (aheadMs > 1) await pause(aheadMs);
      const number = outcomes.length;
      outcomes.push(observe(caller, kindOf(number, withLarge), `call-${number}`));
    }
  }
  const all = await Promise.all(outcomes);
  const tally = (kind: Kind) => tallyOf(all.filter((outcome) => outcome.kind === kind));
  const reasons: Record<string, number> = {};
  for (const { end, reason } of all)
    if (end === "lost") reasons[reason] = (reasons[reason] ?? 0) + 1;
  return { reads: tally("read"), writes: tally("write"), large: tally("large"), reasons };
}

function kindOf(number: number, withLarge: boolean): Kind {
  if (number % writeEvery === 0) return "write";
  return withLarge && number % largeEvery === 1 ? "large" : "read";
}

async function observe(caller: Caller, kind: Kind, id: string): Promise<Outcome> {
  const startedAt = performance.now();
  const stopClock = new AbortController();
  const question = { id, note: kind === "large" ? largeNote : smallNote };
  const hung = pause(hungAfterMs, "hung" as const, { signal: stopClock.signal });
  hung.catch(() => undefined); // the clock is stopped below when there was an outcome
  let reason = "";
  const end = await Promise.race([
    hung,
    call(caller, kind, question).then(
      () => "answered" as const,
      (thrown: unknown) => {
        reason = reasonOf(thrown);
        return "lost" as const;
      },
    ),
  ]);
  stopClock.abort();
  return { kind, end, tookMs: performance.now() - startedAt, reason };
}

async function call(caller: Caller, kind: Kind, question: Question): Promise<void> {
  const answer = await (kind === "write" ? caller.write(question) : caller.read(question));
  if (answer.id !== question.id) throw new Error(`asked for ${question.id}, got ${answer.id}`);
}

/** Numbers are left out: they would make every reason a new one. */
function reasonOf(thrown: unknown): string {
  const { message } = (thrown ?? {}) as { message?: unknown };
  return String(message ?? JSON.stringify(thrown)).replaceAll(/\d+/g, "N");
}

/** Sums up the outcomes of one kind of call. */
export function tallyOf(outcomes: readonly Omit<Outcome, "kind" | "reason">[]): Tally {
  const count = (end: Outcome["end"]) => outcomes.filter((outcome) => outcome.end === end).length;
  // A timer is a little late: what hangs took exactly as long as was waited for it.
  const times = outcomes
    .map(({ end, tookMs }) => (end === "hung" ? hungAfterMs : tookMs))
    .sort((a, b) => a - b);
  return {
    calls: outcomes.length,
    lost: count("lost"),
    hung: count("hung"),
    inTime: outcomes.filter(({ end, tookMs }) => end === "answered" && tookMs <= inTimeMs).length,
    p90Ms: percentile(times, 0.9),
    p99Ms: percentile(times, 0.99),
  };
}
