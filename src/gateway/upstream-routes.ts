import type { Logger, TraceContext } from "../telemetry/index.ts";
import { type Answer, isPiecewise, NoAnswer, sendAnswer } from "./answer.ts";
import type { CacheTerms } from "./asked-of-cache.ts";
import type { HttpCache } from "./cache/index.ts";
import { answerCached, ServerRequest } from "./cached-upstream.ts";
import { versionAt } from "./core/route-versions.ts";
import { answerFallback } from "./fallback.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import { openRoute, type UpstreamRoute } from "./open-route.ts";
import type { RouteSection } from "./options.ts";
import { refuse } from "./refusal.ts";
import { RepeatedAnswer } from "./repeated-answer.ts";
import type { RepeatedHits } from "./repeated-hits.ts";
import { type RoutedRequest, RouteLayers } from "./route-layers.ts";
import { type ClientMark, markOf, varyOf } from "./sticky.ts";
import { openTunnel } from "./tunnel.ts";
import { type UpstreamRequest, upstreamRequest } from "./upstream/index.ts";
import { asksForWebSocket } from "./web-socket/index.ts";

/** What the routes share. */
export interface UpstreamSharing {
  readonly cache: HttpCache;
  readonly hits: RepeatedHits;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
}

/** Copies on their way to mirrors; further ones are not made. */
const copiesMax = 64;
/** Where it makes no difference who asks. */
const anyone: ClientMark = { key: "", point: 0, setCookie: undefined };

/** The routes to HTTP servers that are not on the mesh. */
export class UpstreamRoutes {
  readonly #layers: RouteLayers<UpstreamRoute>;
  readonly #sharing: UpstreamSharing;
  #copies = 0;

  constructor(sections: readonly RouteSection[], sharing: UpstreamSharing) {
    this.#sharing = sharing;
    this.#layers = new RouteLayers(
      sections.flatMap((section) =>
        section.upstream === undefined ? [] : openRoute(section, sharing),
      ),
    );
  }

  /** The route of a request, of those with conditions, which come before contracts, or of the others, which come after them. */
  find(request: RoutedRequest, withConditions: boolean): UpstreamRoute | undefined {
    return this.#layers.find(request, withConditions);
  }

  /** The headers that decide which of these routes a request has. */
  decidingHeaders(request: RoutedRequest): readonly string[] {
    return this.#layers.decidingHeaders(request);
  }

  /** Ends, at once or later, when the answer went over, or the client is gone; throws what the request's body throws. */
  send(exchange: HeadedExchange, route: UpstreamRoute, trace: TraceContext): void | Promise<void> {
    const { sticky, versions } = route;
    const mark = sticky || versions.length > 1 ? markOf(exchange, sticky) : anyone;
    if (mark.setCookie !== undefined) exchange.add([["set-cookie", mark.setCookie]]);
    exchange.add(varyOf(sticky, versions.length));
    const version = versionAt(versions, mark.point);
    const makeRequest = () => upstreamRequest(exchange, trace, route.bodyBytesMax);
    const ask = (asked: UpstreamRequest) =>
      version.upstream.send(asked, sticky ? mark.key : undefined);
    const isCached = route.isCached && !asksForWebSocket(exchange);
    if (!isCached || route.mirror) {
      const request = makeRequest();
      this.#mirror(request, route);
      if (!isCached) return this.#answer(exchange, route, { request, found: ask(request) });
    }
    const terms: CacheTerms = {
      audience: version.audience,
      staleIfErrorMs: route.fallback?.staleMs ?? 0,
    };
    const asked = new ServerRequest(exchange, terms, makeRequest);
    const found = answerCached(this.#sharing.cache, asked, ask);
    if (found instanceof Promise) return this.#answer(exchange, route, { request: asked, found });
    const isOneForAll = versions.length === 1 && !sticky && !route.mirror;
    if (isOneForAll && found instanceof RepeatedAnswer) {
      const { status } = found;
      this.#sharing.hits.note(exchange, { key: asked.key, status, policy: undefined });
    }
    return sendAnswer(exchange, found);
  }

  async #answer(
    exchange: HeadedExchange,
    route: UpstreamRoute,
    { request, found }: { request: Pick<UpstreamRequest, "signal">; found: Promise<Answer> },
  ): Promise<void> {
    try {
      const answer = await found;
      if (answer.taken) openTunnel(exchange, answer, answer.taken, route.idleMs);
      else await sendAnswer(exchange, answer);
    } catch (thrown) {
      if (!(thrown instanceof NoAnswer)) throw thrown;
      // What breaks off is for the log alone: the client has the beginning of an answer.
      if (exchange.status !== undefined) throw thrown;
      if (!request.signal.aborted) this.#fail(exchange, route, thrown);
    }
  }

  close(): void {
    for (const { versions, mirror } of this.#layers.routes) {
      for (const { upstream } of versions) upstream.close();
      mirror?.close();
    }
  }

  /** A copy, of which nobody waits for the answer. A body cannot be read twice. */
  #mirror(request: UpstreamRequest, { mirror }: UpstreamRoute): void {
    if (!mirror || request.body || request.webSocket || this.#copies >= copiesMax) return;
    this.#copies += 1;
    mirror
      .send({ ...request, signal: new AbortController().signal })
      .then(
        ({ body }) => {
          if (isPiecewise(body)) body.cancel();
        },
        // What a mirror fails at concerns nobody here.
        () => {},
      )
      .finally(() => {
        this.#copies -= 1;
      });
  }

  #fail(exchange: HeadedExchange, { title, fallback }: UpstreamRoute, thrown: NoAnswer): void {
    const { status, message } = thrown;
    const facts = { route: title, reason: message, requestId: exchange.requestId };
    this.#sharing.logger.warn("an upstream gave no answer", facts);
    if (answerFallback(exchange, fallback)) return;
    refuse(exchange, {
      status,
      detail: "the server behind this path gave no valid answer",
      headers: status === 503 ? [["retry-after", "1"]] : [],
    });
  }
}
