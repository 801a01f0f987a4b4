/** web-socket: streams of the mesh over WebSocket. */
import type { Refusal, RouteTable, Step } from "../../http/index.ts";
import type { Exchange } from "../exchange.ts";
import { asksForWebSocket, handshakeRefusal } from "./core/handshake.ts";
import { WebSocketExchange } from "./web-socket-exchange.ts";

export { FrameReader } from "./core/frame-reader.ts";
export { asksForWebSocket };

/** What is known of the gateway. */
export interface WebSocketPolicy {
  readonly table: RouteTable;
  readonly messageBytesMax: number;
  allows(origin: string): boolean;
}

/** Why a request may not become a WebSocket, if it asks for that. `allows`: whether pages of another origin may open one. */
export function webSocketRefusal(
  exchange: Exchange,
  allows: (origin: string) => boolean,
): Refusal | undefined {
  return asksForWebSocket(exchange) ? handshakeRefusal(exchange, allows) : undefined;
}

/** Methods of operations that take a stream, the usual one first. */
const inputMethods = ["POST", "PUT", "PATCH"];

/**
 * The exchange to go on with: over WebSocket where a client asks for it and the path has an operation that answers or takes a stream. Others are asked
 * as usual: a server may ignore that a client would rather speak something else (RFC 9110, section 7.8).
 */
export function overWebSocket(exchange: Exchange, policy: WebSocketPolicy): Step<Exchange> {
  if (!asksForWebSocket(exchange)) return { value: exchange };
  const { segments } = exchange.target;
  for (const method of ["GET", ...inputMethods]) {
    const match = policy.table.find(method, segments);
    if (match.kind !== "route") continue;
    const { operation } = match.route;
    const hasInputStream = operation.hasInputStream === true;
    if (!hasInputStream && (method !== "GET" || operation.kind !== "stream")) continue;
    const refusal: Refusal | undefined = handshakeRefusal(exchange, (origin) =>
      policy.allows(origin),
    );
    if (refusal) return { refusal };
    const { messageBytesMax } = policy;
    return { value: new WebSocketExchange(exchange, { method, hasInputStream, messageBytesMax }) };
  }
  return { value: exchange };
}
