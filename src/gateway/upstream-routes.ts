import { type HeaderList, PathTree, type Target } from "../http/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type Answer, NoAnswer, sendAnswer } from "./answer.ts";
import type { HttpCache } from "./cache/index.ts";
import type { Exchange } from "./exchange.ts";
import { gatewayDefaults, type RouteSection } from "./options.ts";
import { refuse } from "./refusal.ts";
import { Upstream, type UpstreamRequest, upstreamRequest } from "./upstream/index.ts";

/** A route to HTTP servers, with nothing left open. */
export interface UpstreamRoute {
  readonly path: string;
  readonly upstream: Upstream;
  readonly auth: "public" | "required";
  readonly scopes: readonly string[];
  readonly bodyBytesMax: number;
  readonly isCached: boolean;
}

/** What the routes share. */
export interface UpstreamSharing {
  readonly cache: HttpCache;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
}

/** The upstreams take every method. */
const anyMethod = "";

/** The routes to HTTP servers that are not on the mesh. */
export class UpstreamRoutes {
  readonly #tree = new PathTree<UpstreamRoute>();
  readonly #routes: readonly UpstreamRoute[];
  readonly #sharing: UpstreamSharing;

  constructor(sections: readonly RouteSection[], sharing: UpstreamSharing) {
    this.#sharing = sharing;
    this.#routes = sections.map((section) => openRoute(section, sharing.bodyBytesMax));
    for (const route of this.#routes) this.#tree.insert(anyMethod, route.path, route);
  }

  find({ segments }: Target): UpstreamRoute | undefined {
    return this.#tree.find(anyMethod, segments)?.value;
  }

  /** Resolves when the answer went over, or the client is gone; rejects with what the request's body throws. */
  async send(exchange: Exchange, route: UpstreamRoute): Promise<void> {
    const request = upstreamRequest(exchange, route.bodyBytesMax);
    try {
      await sendAnswer(exchange, await this.#answer(request, route));
    } catch (thrown) {
      if (!(thrown instanceof NoAnswer)) throw thrown;
      if (request.signal.aborted) return;
      const { status, message } = thrown;
      const { requestId } = exchange;
      const facts = { route: route.path, reason: message, requestId };
      this.#sharing.logger.warn("an upstream gave no answer", facts);
      refuse(exchange, {
        status,
        detail: "the server behind this path gave no valid answer",
        headers: status === 503 ? [["retry-after", "1"]] : [],
      });
    }
  }

  #answer(request: UpstreamRequest, { upstream, isCached }: UpstreamRoute): Promise<Answer> {
    if (!isCached) return upstream.send(request);
    const { body, headers, ...rest } = request;
    const keyed = { ...rest, headers: withoutOverrides(headers) };
    const asked = { ...keyed, hasBody: body !== undefined, audience: undefined };
    return this.#sharing.cache.answer(asked, (conditions, signal) =>
      upstream.send({ ...keyed, headers: conditions, body, signal }),
    );
  }

  close(): void {
    for (const { upstream } of this.#routes) upstream.close();
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

function openRoute(section: RouteSection, bodyBytesMax: number): UpstreamRoute {
  const { upstream: urls, health, deadlineMs = gatewayDefaults.upstreamDeadlineMs } = section;
  return {
    path: section.path,
    upstream: new Upstream({
      urls: typeof urls === "string" ? [urls] : urls,
      deadlineMs,
      health: health && { everyMs: gatewayDefaults.healthEveryMs, ...health },
    }),
    auth: section.auth ?? "required",
    scopes: section.scopes ?? [],
    bodyBytesMax: section.bodyBytesMax ?? bodyBytesMax,
    isCached: section.cache === true,
  };
}
