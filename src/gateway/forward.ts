/** The last step of a request: the call, and its outcome as the answer. Bodies pass as bytes; only the handler's side parses them. */

import {
  failureProblem,
  type RequestInput,
  type Route,
  rawHead,
  rawResponseHeaders,
} from "../http/index.ts";
import { type CallRequest, deadlineMsFor, httpCall, type MeshNode } from "../mesh/index.ts";
import type { Logger, TraceContext } from "../telemetry/index.ts";
import type { CallFailure, Response } from "../wire/index.ts";
import { type Answer, sendAnswer } from "./answer.ts";
import { type HttpCache, isSafe } from "./cache/index.ts";
import {
  type CachePolicy,
  CallFailed,
  forClient,
  OperationRequest,
  operationAnswer,
} from "./cached-operation.ts";
import { answerFallback } from "./fallback.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import type { OperationRule, OperationRules, Placement } from "./operation-rules.ts";
import { placeOf, sendProblem } from "./refusal.ts";
import { RepeatedAnswer } from "./repeated-answer.ts";
import type { RepeatedHits } from "./repeated-hits.ts";
import { answerStream } from "./stream-answer.ts";

/** A request that may be called with. */
export interface ForwardRequest {
  readonly exchange: HeadedExchange;
  readonly route: Route;
  readonly principal: string | undefined;
  readonly input: RequestInput;
  /** What the project's routes say of it. */
  readonly rule: OperationRule | undefined;
  /** The request's span. */
  readonly trace: TraceContext;
}

/** What it shares with those who answer other requests. */
export interface ForwardSharing {
  readonly cache: HttpCache;
  readonly hits: RepeatedHits;
  readonly logger: Logger;
}

/** Statuses that mean that the service is down, or as good as that. */
const downStatuses = new Set([502, 503, 504]);

export class Forward {
  readonly #node: MeshNode;
  readonly #cache: HttpCache;
  readonly #hits: RepeatedHits;
  readonly #logger: Logger;
  readonly #rules: OperationRules;

  constructor(node: MeshNode, rules: OperationRules, { cache, hits, logger }: ForwardSharing) {
    this.#node = node;
    this.#rules = rules;
    this.#cache = cache;
    this.#hits = hits;
    this.#logger = logger;
  }

  /** Ends, at once or later, when the answer is on its way, or the client is gone. */
  send(request: ForwardRequest): void | Promise<void> {
    const { exchange, route } = request;
    const placement = request.rule && this.#rules.place(exchange, request.rule, route.ref.service);
    const { cache } = route.operation;
    return cache
      ? this.#sendCached(request, placement, cache)
      : this.#sendCalled(request, this.#callOf(request, placement));
  }

  async #sendCalled(request: ForwardRequest, call: CallRequest): Promise<void> {
    const { exchange, route } = request;
    if (route.operation.kind === "stream") {
      return answerStream(exchange, this.#node.openStream(call), statusOf(route), {
        problemOf: (failure) => failureProblem(failure, route.operation, placeOf(exchange)),
        onFailure: (failure) => this.#fail(request, failure),
      });
    }
    const pending = this.#node.call(call);
    exchange.onAbort(() => pending.cancel());
    const outcome = await pending.outcome;
    if (!outcome.ok) return this.#fail(request, outcome.failure);
    const { host, target, method } = exchange;
    if (!isSafe(method)) {
      const status = outcome.response.status ?? statusOf(route);
      const url = { method, host, target: `${target.path}${target.search}` };
      this.#cache.onAnswer(url, { status, headers: [] });
    }
    succeed(exchange, route, outcome.response);
  }

  #sendCached(
    request: ForwardRequest,
    placement: Placement | undefined,
    policy: CachePolicy,
  ): void | Promise<void> {
    const { exchange, route } = request;
    // Without an audience the answer is for all, so it is asked for as nobody.
    const principal = policy.by === "principal" ? request.principal : undefined;
    // Versions may answer differently, so each has its own answers, and none stands in for another.
    const versions = placement?.versions?.slice(0, 1);
    const audience = versions ? JSON.stringify([versions[0], principal]) : principal;
    const asked = new OperationRequest(exchange, {
      audience,
      staleIfErrorMs: request.rule?.fallback?.staleMs,
    });
    const found = this.#cache.answer(asked, async (_headers, signal) => {
      const pending = this.#node.call(
        this.#callOf({ ...request, principal }, { routingKey: undefined, versions }),
      );
      signal.addEventListener("abort", () => pending.cancel(), { once: true });
      const outcome = await pending.outcome;
      if (outcome.ok) {
        const { body } = outcome.response;
        return operationAnswer({ status: statusOf(route), body }, request.input.params, policy);
      }
      const problem = failureProblem(outcome.failure, route.operation, placeOf(exchange));
      throw new CallFailed(problem.status, outcome.failure);
    });
    if (found instanceof Promise) return this.#sendFound(request, found, policy);
    const answer = forClient(found, policy);
    if (answer instanceof RepeatedAnswer && !placement)
      this.#hits.note(exchange, { key: asked.key, status: answer.status, policy });
    return sendAnswer(exchange, answer);
  }

  async #sendFound(
    request: ForwardRequest,
    found: Promise<Answer>,
    policy: CachePolicy,
  ): Promise<void> {
    try {
      await sendAnswer(request.exchange, forClient(await found, policy));
    } catch (thrown) {
      if (!(thrown instanceof CallFailed)) throw thrown;
      this.#fail(request, thrown.failure);
    }
  }

  #callOf(request: ForwardRequest, placement: Placement | undefined): CallRequest {
    const { exchange, route, principal, input, trace } = request;
    const { operation, ref } = route;
    const call = httpCall(route, input, {
      deadlineMs: operation.deadlineMs ?? deadlineMsFor(undefined, ref.service),
      trace,
      principal: principal === undefined ? undefined : this.#node.vouching.sign(principal),
      http: operation.kind === "raw" ? rawHeadOf(exchange) : undefined,
      routingKey: placement?.routingKey,
    });
    // Data with one owner is at one instance, whatever its version.
    if (!placement?.versions || call.isPartitioned) return call;
    return { ...call, versions: placement.versions };
  }

  #fail({ exchange, route, input, rule, trace }: ForwardRequest, failure: CallFailure): void {
    if (input.items?.failure) throw input.items.failure;
    // Nobody is there to be told.
    if (failure.code === "CANCELLED") return;
    const problem = failureProblem(failure, route.operation, placeOf(exchange));
    if (problem.status >= 500) {
      this.#logger.warn("a call failed", {
        operation: `${route.ref.service}.${route.ref.operation}`,
        code: failure.code,
        reason: failure.message,
        requestId: exchange.requestId,
        traceId: trace.traceId,
        spanId: trace.spanId,
      });
    }
    // What would change something has failed, and its client must know.
    const isRead = exchange.method === "GET" || exchange.method === "HEAD";
    const mayStandIn = isRead && route.operation.kind !== "stream";
    if (mayStandIn && downStatuses.has(problem.status) && answerFallback(exchange, rule?.fallback))
      return;
    const isForNow = problem.status === 503 || problem.status === 429;
    sendProblem(exchange, problem, isForNow ? [["retry-after", "1"]] : []);
  }
}

function rawHeadOf(exchange: HeadedExchange): string {
  const { method, host, target, scheme, headers, requestId, remoteAddress } = exchange;
  // The path that routing and authorisation saw, not the one that was sent.
  const url = `${scheme}://${host}${target.path}${target.search}`;
  return rawHead({ method, url, headers }, [
    ["x-request-id", requestId],
    ["x-forwarded-for", remoteAddress],
    ["x-forwarded-proto", scheme],
  ]);
}

function succeed(exchange: HeadedExchange, route: Route, response: Response): void {
  const { body, headers } = response;
  if (route.operation.kind === "raw")
    return exchange.answer(response.status ?? 200, rawResponseHeaders(headers), body);
  const status = response.status ?? statusOf(route);
  exchange.answer(status, status === 204 ? [] : [["content-type", "application/json"]], body);
}

function statusOf({ operation }: Route): number {
  return operation.http?.status ?? 200;
}
