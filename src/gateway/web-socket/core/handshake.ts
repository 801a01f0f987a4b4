/** The opening handshake of WebSocket (RFC 6455, section 4.2.1), as far as a request can be refused for it. */
import type { Refusal } from "../../../http/index.ts";
import type { Exchange } from "../../exchange.ts";

/** 16 bytes in base64. */
const keyPattern = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Whether a request asks for WebSocket. */
export function asksForWebSocket(exchange: Exchange): boolean {
  return (
    exchange.method === "GET" &&
    !exchange.hasBody &&
    hasToken(exchange.header("upgrade"), "websocket") &&
    hasToken(exchange.header("connection"), "upgrade")
  );
}

/**
 * Why it is refused. `allows`: whether pages of another origin may open one. Browsers let every page open a WebSocket to every host, with
 * the cookies of that host (RFC 6455, section 10.2): so whoever sends an Origin must be of this host, or named.
 */
export function handshakeRefusal(
  exchange: Exchange,
  allows: (origin: string) => boolean,
): Refusal | undefined {
  if (exchange.header("sec-websocket-version") !== "13") {
    const headers = [["sec-websocket-version", "13"]] as const;
    return { status: 426, detail: "WebSocket is spoken here in version 13", headers };
  }
  if (!keyPattern.test(exchange.header("sec-websocket-key") ?? ""))
    return { status: 400, detail: "Sec-WebSocket-Key must be 16 bytes in base64" };
  const origin = exchange.header("origin");
  const isOwn = origin === undefined || origin.replace(/^https?:\/\//, "") === exchange.host;
  if (isOwn || allows(origin)) return undefined;
  const detail = `pages of ${origin} may not open this; gateway.cors.origins says whose may`;
  return { status: 403, detail };
}

function hasToken(value: string | undefined, token: string): boolean {
  return value?.split(",").some((part) => part.trim().toLowerCase() === token) ?? false;
}
