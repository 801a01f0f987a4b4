/** An HTTP server behind the cache. */
import type { HeaderList } from "../http/index.ts";
import type { Answer } from "./answer.ts";
import { AskedOfCache, type CacheTerms } from "./asked-of-cache.ts";
import type { HttpCache } from "./cache/index.ts";
import type { Exchange } from "./exchange.ts";
import type { UpstreamRequest } from "./upstream/index.ts";

/** Answers out of the cache, or as `ask` does. `makeRequest`: the request as it goes to the server, where that is asked. */
export function answerCached(
  cache: HttpCache,
  asked: ServerRequest,
  ask: (request: UpstreamRequest) => Promise<Answer>,
): Answer | Promise<Answer> {
  return cache.answer(asked, (headers, signal) => {
    const { method, scheme, host, target, body } = asked.request;
    return ask({ method, scheme, host, target, headers, body, signal });
  });
}

/** A request for an HTTP server. What goes there has fewer fields, and others that do not decide whether it is plain. */
export class ServerRequest extends AskedOfCache {
  readonly #makeRequest: () => UpstreamRequest;
  #request: UpstreamRequest | undefined;

  constructor(exchange: Exchange, terms: CacheTerms, makeRequest: () => UpstreamRequest) {
    super(exchange, terms);
    this.#makeRequest = makeRequest;
  }

  /** As it goes to the server. */
  get request(): UpstreamRequest {
    this.#request ??= this.#makeRequest();
    return this.#request;
  }

  get headers(): HeaderList {
    return this.request.headers.filter(([name]) => !overrides.has(name));
  }

  get signal(): AbortSignal {
    return this.request.signal;
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
