import type { ConnectionLimits } from "./connection-limits.ts";
import type { Exchange, OnExchange } from "./exchange.ts";
import type { AnswerHeads } from "./http1/index.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** A client's connection, whatever it speaks. */
export interface EdgeConnection {
  /** Whether it has a request at work. */
  readonly isBusy: boolean;
  /** Time passed. */
  charge(ms: number): void;
  /** Closes if nothing is at work; otherwise what is at work is the last. */
  drain(): void;
}

/** What connections share. */
export interface ConnectionOwner {
  readonly limits: ConnectionLimits;
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
  readonly heads: AnswerHeads;
  readonly onExchange: OnExchange;
  readonly proxies: TrustedProxies;
  /** Called once for each request: whether its connection ends with it, since others take over. */
  endsNext(): boolean;
  onClosed(connection: EdgeConnection): void;
  /** What `onExchange` threw: the client is told little of it. */
  onFailed(exchange: Exchange, thrown: unknown): void;
}
