import type { SpanRecord } from "../../../telemetry/index.ts";

/** Traces that are asked for at once: as many as one question may name. */
const atOnceMax = 100;
/** Traces that wait to be asked for; of more than that the newest are left as they are. */
const waitingMax = 1_000;
/** They are asked for at once and once more so much later, in ms: by then what was still running is mostly over. */
const againMs = 3_000;
/** A trace that was asked for is not asked for again because of a late span, for so many of them. */
const rememberedMax = 10_000;

/**
 * Which traces are to be had whole. A span that is kept though its trace is not sampled has failed or was slow; nodes hold the rest of the
 * trace for a while. Sampled traces come by themselves, so they are never wished for: a trace whose spans all come twice costs nothing
 * but a question.
 */
export class TraceWishes {
  readonly #waiting = new Map<string, { dueAt: number; isSecond: boolean }>();
  readonly #known = new Set<string>();

  /** These were offered by a node. @param time on the clock of `now()`. */
  onKept(spans: readonly SpanRecord[], time: number): void {
    for (const { traceId, isSampled } of spans) {
      if (isSampled || this.#known.has(traceId) || this.#waiting.size >= waitingMax) continue;
      this.#known.add(traceId);
      if (this.#known.size > rememberedMax) {
        const [oldest] = this.#known;
        if (oldest !== undefined) this.#known.delete(oldest);
      }
      this.#waiting.set(traceId, { dueAt: time, isSecond: false });
    }
  }

  /** The traces to ask all nodes for now. */
  due(time: number): string[] {
    const due: string[] = [];
    for (const [traceId, wish] of this.#waiting) {
      if (due.length >= atOnceMax) break;
      if (wish.dueAt > time) continue;
      due.push(traceId);
      this.#waiting.delete(traceId);
      if (!wish.isSecond) this.#waiting.set(traceId, { dueAt: time + againMs, isSecond: true });
    }
    return due;
  }
}
