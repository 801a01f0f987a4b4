/**
 * The short way of a request that came on its connection before, byte for byte, and was answered out of the cache: what was decided then is not
 * decided anew, as far as it followed from the bytes, from the gateway's options, which stay, and from the table of routes, which is compared.
 *
 * Nothing else may have had a part in it. Who is known by credentials, what is counted by a limit, goes to one of several versions, or could be a
 * file by now, is served the long way each time; so is what is not fresh.
 */
import type { RouteTable } from "../http/index.ts";
import { now } from "../kit/index.ts";
import type { DurationHistogram } from "../telemetry/index.ts";
import type { HttpCache } from "./cache/index.ts";
import { type CachePolicy, repeatedForClient } from "./cached-operation.ts";
import type { Exchange } from "./exchange.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import type { HttpMetrics } from "./http-metrics.ts";
import type { HttpSpans, RequestSpan } from "./http-span.ts";
import type { RouteBook } from "./route-book.ts";

/** What was decided for a request. */
export interface KnownHit {
  readonly table: RouteTable;
  /** What its answer is stored by. */
  readonly key: string;
  readonly status: number;
  /** Of an operation. */
  readonly policy: CachePolicy | undefined;
  readonly durations: DurationHistogram;
  readonly span: RequestSpan;
}

/** What is kept of a request that comes again and again. */
export interface RepeatNotes {
  hit?: KnownHit;
}

export interface RepeatedHitsOptions {
  readonly routes: RouteBook;
  readonly cache: HttpCache;
  readonly metrics: HttpMetrics;
  readonly spans: HttpSpans;
}

export class RepeatedHits {
  readonly #own: RepeatedHitsOptions;

  constructor(own: RepeatedHitsOptions) {
    this.#own = own;
  }

  /** Whether it was answered. */
  answer(exchange: Exchange): boolean {
    const known = exchange.repeats?.hit;
    const { routes, cache, spans } = this.#own;
    if (known === undefined || known.table !== routes.table) return false;
    const startedAt = now();
    const found = cache.hits.findAgain(known.key, known.status, startedAt);
    if (found === undefined) return false;
    const answer = known.policy ? repeatedForClient(found, known.policy) : found;
    const trace = spans.begin(known.span);
    exchange.answerAgain(answer);
    const durationMs = now() - startedAt;
    known.durations.observe(durationMs / 1_000);
    spans.end(known.span, { trace, startedAt, durationMs, status: answer.status });
    return true;
  }

  /** A request gets what is stored by this key. */
  note(
    exchange: HeadedExchange,
    { key, status, policy }: Pick<KnownHit, "key" | "status" | "policy">,
  ): void {
    const { repeats } = exchange;
    if (!repeats || !exchange.isForAnyone || !exchange.isBare) return;
    repeats.hit = {
      table: this.#own.routes.table,
      key,
      status,
      policy,
      durations: this.#own.metrics.durationsOf(exchange, status),
      span: this.#own.spans.of(exchange),
    };
  }
}
