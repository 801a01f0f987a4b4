import type { HeaderList } from "./refusal.ts";

/** An HTTP request as it travels beside its body to a `raw` operation. */
export interface RawHead {
  readonly method: string;
  /** Absolute, as the client sees it. */
  readonly url: string;
  readonly headers: HeaderList;
}

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

/**
 * What a client may not say about itself: it is said by whoever passes the request on. `X_Forwarded_For` is `X-Forwarded-For` to
 * everything that keeps headers in variables, as CGI does.
 */
function isForwarding(name: string): boolean {
  const plain = name.replaceAll("_", "-");
  return plain.startsWith("x-forwarded-") || plain === "forwarded" || plain === "x-request-id";
}

/**
 * The fields of a request that pass on: without what concerns the client's connection alone and what it could forge.
 *
 * @param added what is set by whoever passes the request on; a client cannot remove it by naming it in `Connection`.
 */
export function passedOnHeaders(headers: HeaderList, added: HeaderList): HeaderList {
  return [...endToEndHeaders(headers).filter(([name]) => !isForwarding(name)), ...added];
}

/** The fields that do not concern one connection alone, nor are named by `Connection`. Names in lower case. */
export function endToEndHeaders(headers: HeaderList): HeaderList {
  const listed = headers
    .filter(([name]) => name === "connection")
    .flatMap(([, value]) => value.split(",").map((name) => name.trim().toLowerCase()));
  return headers.filter(([name]) => !hopByHop.has(name) && !listed.includes(name));
}

/** The head of a request for a `raw` operation as text. See {@link passedOnHeaders}. */
export function rawHead({ method, url, headers }: RawHead, added: HeaderList): string {
  const head: RawHead = {
    method: method === "HEAD" ? "GET" : method,
    url,
    headers: passedOnHeaders(headers, added),
  };
  return JSON.stringify(head);
}

/** The headers of a `raw` operation's answer, without what concerns the service's connection alone. */
export function rawResponseHeaders(text: string | undefined): [string, string][] {
  if (text === undefined) return [];
  return (JSON.parse(text) as [string, string][]).filter(
    ([name]) => !hopByHop.has(name.toLowerCase()),
  );
}
