import type { RawHead } from "../mesh/index.ts";
import type { Exchange } from "./exchange.ts";

/** Fields that belong to one connection and never pass through (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
]);

/** The request's head for a `raw` operation, without what concerns the client's connection alone. */
export function rawHead(exchange: Exchange): string {
  const listed = (exchange.header("connection") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  const headers = exchange.headers.filter(
    ([name]) =>
      !hopByHop.has(name) &&
      !listed.includes(name) &&
      !name.startsWith("x-forwarded-") &&
      name !== "forwarded" &&
      name !== "x-request-id",
  );
  const head: RawHead = {
    method: exchange.method === "HEAD" ? "GET" : exchange.method,
    url: `http://${exchange.host}${exchange.rawTarget}`,
    headers: [
      ...headers,
      ["x-request-id", exchange.requestId],
      ["x-forwarded-for", exchange.remoteAddress],
    ],
  };
  return JSON.stringify(head);
}

/** The answer's headers, without what concerns the service's connection alone. */
export function rawResponseHeaders(text: string | undefined): (readonly [string, string])[] {
  if (text === undefined) return [];
  return (JSON.parse(text) as [string, string][]).filter(
    ([name]) => !hopByHop.has(name.toLowerCase()),
  );
}
