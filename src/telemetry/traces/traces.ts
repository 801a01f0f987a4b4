import { DureError, now, random } from "../../kit/index.ts";
import type { SpansQuery, TelemetryPage } from "../telemetry-page.ts";
import { TraceContext } from "../trace-context.ts";
import { EpochClock } from "./epoch-clock.ts";
import { Sampler, type SamplingOptions } from "./sampler.ts";
import type { SpanBridge, SpanStart } from "./span-bridge.ts";
import type { SpanRecord } from "./span-record.ts";
import { type FinishedSpan, SpanRing } from "./span-ring.ts";

/** How a node traces. */
export interface TraceOptions extends SamplingOptions {
  /** A span that takes so long is kept with its whole trace, in ms. Default 500. */
  readonly slowMs?: number | undefined;
  /**
   * A tracing system that speaks OTLP over HTTP, as `http://localhost:4318`: spans that are kept are sent there. A name and password in it
   * are sent as basic authentication. Default: none.
   */
  readonly otlpUrl?: string | undefined;
  /** Headers of those requests, as an API key. */
  readonly otlpHeaders?: Readonly<Record<string, string>> | undefined;
}

/** Whose spans these are. */
export interface TracesOptions extends TraceOptions {
  readonly node: { readonly id: string; readonly name: string };
}

/** What holds where nothing is said. */
const slowMsDefault = 500;
/** Spans of a node that are held, whatever becomes of their traces: 1.3 MB. A node that ends 5,000 in a second holds 3 s of them. */
const recentMax = 16_384;
/** Spans that wait to be collected: those that are sampled, failed or slow. */
const keptMax = 4_096;
/** Spans in one answer, and traces in one question. */
const answerMax = 1_000;
const tracesMax = 100;

/**
 * The spans of one node. All are held for a while, so that a trace that turns out to be worth it, because something in it has failed or
 * was slow, can still be had whole; those that are worth it by themselves are held longer, for whoever collects.
 */
export class Traces {
  readonly #node: TracesOptions["node"];
  readonly #recent = new SpanRing(recentMax);
  readonly #kept = new SpanRing(keptMax);
  readonly #clock = new EpochClock();
  readonly #sampler: Sampler;
  readonly #slowMs: number;
  #bridge: SpanBridge | undefined;

  constructor({ node, slowMs = slowMsDefault, perSecond, share }: TracesOptions) {
    this.#node = node;
    this.#sampler = new Sampler({ perSecond, share });
    this.#slowMs = slowMs;
  }

  /** Whether another tracing system must hear of spans when they begin. */
  get isBridged(): boolean {
    return this.#bridge !== undefined;
  }

  /** From now on spans are another system's too. */
  bridgeTo(bridge: SpanBridge): void {
    this.#bridge = bridge;
  }

  /** Begins a span: a part of `parent`, or a new trace. Whatever is begun must be ended. */
  start(parent: TraceContext | undefined, span: SpanStart): TraceContext {
    if (this.#bridge) return this.#bridge.start(parent, span);
    if (parent) return parent.child(random, span.service);
    return TraceContext.start(random, this.#isKept, span.service);
  }

  /** A span is over. */
  end(span: FinishedSpan): void {
    this.#recent.add(span);
    const { trace, error, durationMs } = span;
    if ((trace.flags & 1) === 1 || error !== undefined || durationMs >= this.#slowMs)
      this.#kept.add(span);
    this.#bridge?.end(span);
  }

  /** Runs code as a part of the span, as far as other systems need to know. */
  run<Output>(trace: TraceContext, code: () => Output): Output {
    return this.#bridge ? this.#bridge.run(trace, code) : code();
  }

  /** Answers whoever collects. Throws INVALID_ARGUMENT for more than 100 traces, or what is no trace id. */
  spans({ after = 0, traceIds, limit = answerMax }: SpansQuery): TelemetryPage<SpanRecord> {
    const most = Math.min(limit, answerMax);
    if (traceIds) {
      const numbers = this.#recent.find(wordsOf(traceIds)).slice(-most);
      return { records: this.#read(this.#recent, numbers), next: 0, dropped: 0 };
    }
    const ring = this.#kept;
    // A cursor from before the process was started anew is beyond what there is.
    const known = after > ring.written ? 0 : after;
    const first = Math.max(known + 1, ring.oldest);
    const count = Math.max(0, Math.min(most, ring.written - first + 1));
    const numbers = Array.from({ length: count }, (_, index) => first + index);
    return {
      records: this.#read(ring, numbers),
      next: first + count - 1,
      dropped: first - known - 1,
    };
  }

  readonly #isKept = (lastWord: number): boolean => this.#sampler.isKept(lastWord, now());

  #read(ring: SpanRing, numbers: readonly number[]): SpanRecord[] {
    const offsetMs = this.#clock.offsetMs();
    return numbers.flatMap((number) => ring.read(number, this.#node, offsetMs) ?? []);
  }
}

function wordsOf(traceIds: readonly string[]): number[][] {
  if (traceIds.length > tracesMax) {
    const message = `${traceIds.length} traces in one question; at most ${tracesMax}`;
    throw new DureError("INVALID_ARGUMENT", message);
  }
  return traceIds.map((id) => {
    if (!/^[0-9a-f]{32}$/.test(id))
      throw new DureError("INVALID_ARGUMENT", `"${id}" is no trace id; it has 32 hex digits`);
    return [0, 8, 16, 24].map((at) => Number.parseInt(id.slice(at, at + 8), 16) | 0);
  });
}
