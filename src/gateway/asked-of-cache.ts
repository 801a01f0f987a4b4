import type { HeaderList } from "../http/index.ts";
import { type CacheRequest, isPlain, keyOf } from "./cache/index.ts";
import type { Exchange } from "./exchange.ts";

/** For whom answers are kept, and for how long they may stand in for others. */
export type CacheTerms = Pick<CacheRequest, "audience" | "staleIfErrorMs">;

/** A client's request as the cache sees it. What only the origin needs is made when it is asked for. */
export abstract class AskedOfCache implements CacheRequest {
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly target: string;
  readonly hasBody: boolean;
  readonly isPlain: boolean;
  readonly audience: string | undefined;
  readonly staleIfErrorMs: number | undefined;
  readonly key: string;

  constructor(exchange: Exchange, { audience, staleIfErrorMs }: CacheTerms) {
    const { target } = exchange;
    this.method = exchange.method;
    this.scheme = exchange.scheme;
    this.host = exchange.host;
    this.target = target.search === "" ? target.path : `${target.path}${target.search}`;
    this.hasBody = exchange.hasBody;
    this.isPlain = isPlain(exchange);
    this.audience = audience;
    this.staleIfErrorMs = staleIfErrorMs;
    this.key = keyOf(this);
  }

  abstract get headers(): HeaderList;
  abstract get signal(): AbortSignal;
}
