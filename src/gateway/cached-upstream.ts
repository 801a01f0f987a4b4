/** An HTTP server behind the cache. */
import type { HeaderList } from "../http/index.ts";
import type { Answer } from "./answer.ts";
import { type CacheRequest, type HttpCache, isPlain } from "./cache/index.ts";
import type { Exchange } from "./exchange.ts";
import type { UpstreamRequest } from "./upstream/index.ts";

/** For whom answers are kept, and for how long they may stand in for others. */
export type CacheTerms = Pick<CacheRequest, "audience" | "staleIfErrorMs">;

/** Answers out of the cache, or as `ask` does. `makeRequest`: the request as it goes to the server, where that is asked. */
export function answerCached(
  cache: HttpCache,
  asked: AskedOfCache,
  ask: (request: UpstreamRequest) => Promise<Answer>,
): Answer | Promise<Answer> {
  return cache.answer(asked, (headers, signal) => {
    const { method, scheme, host, target, body } = asked.request;
    return ask({ method, scheme, host, target, headers, body, signal });
  });
}

/** A request as the cache sees it. As it goes to the server it is made when something of it is asked for that is not here. */
export class AskedOfCache implements CacheRequest {
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly target: string;
  readonly hasBody: boolean;
  readonly isPlain: boolean;
  readonly audience: string | undefined;
  readonly staleIfErrorMs: number | undefined;
  readonly #makeRequest: () => UpstreamRequest;
  #request: UpstreamRequest | undefined;

  constructor(exchange: Exchange, terms: CacheTerms, makeRequest: () => UpstreamRequest) {
    const { target } = exchange;
    this.method = exchange.method;
    this.scheme = exchange.scheme;
    this.host = exchange.host;
    this.target = `${target.path}${target.search}`;
    this.hasBody = exchange.hasBody;
    // What goes to the server has fewer fields, and others that decide nothing.
    this.isPlain = isPlain(exchange);
    this.audience = terms.audience;
    this.staleIfErrorMs = terms.staleIfErrorMs;
    this.#makeRequest = makeRequest;
  }

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
