/** A request as it goes to an upstream: written anew from what was understood, never passed on as it came. */
import { type HeaderList, passedOnHeaders } from "../../http/index.ts";
import type { TraceContext } from "../../telemetry/index.ts";
import { ClientSignal } from "../client-signal.ts";
import type { Exchange } from "../exchange.ts";
import { asksForWebSocket } from "../web-socket/index.ts";
import { type WebSocketAsk, webSocketAskOf } from "./judge-switch.ts";

/** A body that is sent while it comes. */
export interface RequestBody {
  readonly length: number | "chunked";
  /** Throws what {@link Exchange.bodyChunks} throws. To be taken once. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** A request for an upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** How the client reached the edge. */
  readonly scheme: "http" | "https";
  /** Path and query in canonical form. */
  readonly target: string;
  readonly host: string;
  /** Without `host` and all that concerns one connection; names in lower case. */
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  /** The client would speak WebSocket. */
  readonly webSocket?: WebSocketAsk | undefined;
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** What is the edge's own to say. */
const replaced = new Set(["host", "expect", "traceparent", "tracestate"]);

/** Makes the request of an exchange, as a part of its span. `bodyBytesMax`: larger bodies are 413. */
export function upstreamRequest(
  exchange: Exchange,
  trace: TraceContext,
  bodyBytesMax: number,
): UpstreamRequest {
  const { method, target, host, headers, requestId, remoteAddress, scheme, hasBody } = exchange;
  const client = new ClientSignal(exchange);
  const length = exchange.header("content-length");
  const passed = headers.filter(([name]) => !replaced.has(name));
  return {
    method,
    scheme,
    target: `${target.path}${target.search}`,
    host,
    headers: passedOnHeaders(passed, [
      ["via", "1.1 dure"],
      ["x-request-id", requestId],
      ["x-forwarded-for", remoteAddress],
      ["x-forwarded-host", host],
      ["x-forwarded-proto", scheme],
      ["traceparent", trace.toString()],
      ...(trace.state === undefined ? [] : [["tracestate", trace.state] as const]),
    ]),
    body: hasBody
      ? {
          length: length === undefined ? "chunked" : Number(length),
          pieces: () => exchange.bodyChunks(bodyBytesMax),
        }
      : undefined,
    webSocket: asksForWebSocket(exchange) ? webSocketAskOf(headers) : undefined,
    get signal() {
      return client.signal;
    },
  };
}

/** Whether a body must be announced even if there is none: a server may answer 411 otherwise (RFC 9110, section 8.6). */
const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);

/** Its head as text, a character a byte. */
export function writeRequestHead(request: UpstreamRequest): string {
  const { method, target, host, headers, body, webSocket } = request;
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const framing =
    body?.length === "chunked"
      ? "transfer-encoding: chunked\r\n"
      : body || methodsWithBody.has(method)
        ? `content-length: ${body?.length ?? 0}\r\n`
        : "";
  const upgrade = webSocket ? "connection: Upgrade\r\nupgrade: websocket\r\n" : "";
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${fields}${upgrade}${framing}\r\n`;
}
