import type { HeaderList } from "../http/index.ts";
import type { Logger, TraceContext } from "../telemetry/index.ts";
import { type Answer, isPiecewise, NoAnswer, sendAnswer } from "./answer.ts";
import type { CacheRequest, HttpCache } from "./cache/index.ts";
import { versionAt } from "./core/route-versions.ts";
import { answerFallback } from "./fallback.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import { openRoute, type UpstreamRoute } from "./open-route.ts";
import type { RouteSection } from "./options.ts";
import { refuse } from "./refusal.ts";
import { type RoutedRequest, RouteLayers } from "./route-layers.ts";
import { markOf, varyOf } from "./sticky.ts";
import { openTunnel } from "./tunnel.ts";
import { type UpstreamRequest, upstreamRequest } from "./upstream/index.ts";

/** What the routes share. */
export interface UpstreamSharing {
  readonly cache: HttpCache;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
}

/** Copies on their way to mirrors; further ones are not made. */
const copiesMax = 64;

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

  /** Resolves when the answer went over, or the client is gone; rejects with what the request's body throws. */
  async send(exchange: HeadedExchange, route: UpstreamRoute, trace: TraceContext): Promise<void> {
    const request = upstreamRequest(exchange, trace, route.bodyBytesMax);
    const mark = markOf(exchange, route.sticky);
    if (mark.setCookie !== undefined) exchange.add([["set-cookie", mark.setCookie]]);
    exchange.add(varyOf(route.sticky, route.versions.length));
    this.#mirror(request, route);
    try {
      const version = versionAt(route.versions, mark.point);
      const ask = (asked: UpstreamRequest) =>
        version.upstream.send(asked, route.sticky ? mark.key : undefined);
      const terms = {
        audience: `${route.title} ${version.name}`,
        staleIfErrorMs: route.fallback?.staleMs ?? 0,
      };
      const isCached = route.isCached && !request.webSocket;
      const answer = await (isCached ? this.#cached(request, terms, ask) : ask(request));
      if (answer.taken) openTunnel(exchange, answer, answer.taken, route.idleMs);
      else await sendAnswer(exchange, answer);
    } catch (thrown) {
      if (!(thrown instanceof NoAnswer)) throw thrown;
      if (!request.signal.aborted) this.#fail(exchange, route, thrown);
    }
  }

  close(): void {
    for (const { versions, mirror } of this.#layers.routes) {
      for (const { upstream } of versions) upstream.close();
      mirror?.close();
    }
  }

  /** Routes and versions may differ at one URL, so each has its own answers. */
  #cached(
    request: UpstreamRequest,
    terms: Pick<CacheRequest, "audience" | "staleIfErrorMs">,
    ask: (request: UpstreamRequest) => Promise<Answer>,
  ): Answer | Promise<Answer> {
    const { method, scheme, host, target, body } = request;
    const asked: CacheRequest = {
      ...{ method, scheme, host, target, hasBody: body !== undefined },
      ...terms,
      headers: withoutOverrides(request.headers),
      get signal() {
        return request.signal;
      },
    };
    return this.#sharing.cache.answer(asked, (headers, signal) =>
      ask({ method, scheme, host, target, headers, body, signal }),
    );
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

/**
 * Fields by which some servers answer for another URL, host or method than the one that was asked, and the cache keeps it under. Known from
 * "Practical Web Cache Poisoning" (Kettle, 2018).
 */
const overrides = new Set([
  ...["x-original-url", "x-rewrite-url", "x-original-host", "x-host", "x-http-host-override"],
  ...["x-http-method", "x-http-method-override", "x-method-override"],
]);

function withoutOverrides(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !overrides.has(name));
}
