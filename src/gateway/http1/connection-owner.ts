import type { OnExchange } from "../exchange.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import type { AnswerHeads } from "./answer-head.ts";
import type { Connection } from "./connection.ts";
import type { Http1Limits } from "./limits.ts";

/** What connections share. */
export interface ConnectionOwner {
  readonly limits: Http1Limits;
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
  readonly heads: AnswerHeads;
  readonly onExchange: OnExchange;
  readonly proxies: TrustedProxies;
  /** Whether every answer must be its connection's last. */
  readonly isClosing: boolean;
  onClosed(connection: Connection): void;
}
