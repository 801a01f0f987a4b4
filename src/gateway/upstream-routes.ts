import { PathTree, type Target } from "../http/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { sendAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { gatewayDefaults, type RouteSection } from "./options.ts";
import { refuse } from "./refusal.ts";
import { Upstream, UpstreamFailure, upstreamRequest } from "./upstream/index.ts";

/** A route to HTTP servers, with nothing left open. */
export interface UpstreamRoute {
  readonly path: string;
  readonly upstream: Upstream;
  readonly auth: "public" | "required";
  readonly scopes: readonly string[];
  readonly bodyBytesMax: number;
}

/** The upstreams take every method. */
const anyMethod = "";

/** The routes to HTTP servers that are not on the mesh. */
export class UpstreamRoutes {
  readonly #tree = new PathTree<UpstreamRoute>();
  readonly #routes: readonly UpstreamRoute[];
  readonly #logger: Logger;

  constructor(sections: readonly RouteSection[], bodyBytesMax: number, logger: Logger) {
    this.#logger = logger;
    this.#routes = sections.map((section) => openRoute(section, bodyBytesMax));
    for (const route of this.#routes) this.#tree.insert(anyMethod, route.path, route);
  }

  find({ segments }: Target): UpstreamRoute | undefined {
    return this.#tree.find(anyMethod, segments)?.value;
  }

  /** Resolves when the answer went over, or the client is gone; rejects with what the request's body throws. */
  async send(exchange: Exchange, { upstream, path, bodyBytesMax }: UpstreamRoute): Promise<void> {
    const request = upstreamRequest(exchange, bodyBytesMax);
    try {
      await sendAnswer(exchange, await upstream.send(request));
    } catch (thrown) {
      if (!(thrown instanceof UpstreamFailure)) throw thrown;
      if (request.signal.aborted) return;
      const { status, message } = thrown;
      const { requestId } = exchange;
      this.#logger.warn("an upstream gave no answer", { route: path, reason: message, requestId });
      refuse(exchange, {
        status,
        detail: "the server behind this path gave no valid answer",
        headers: status === 503 ? [["retry-after", "1"]] : [],
      });
    }
  }

  close(): void {
    for (const { upstream } of this.#routes) upstream.close();
  }
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
  };
}
