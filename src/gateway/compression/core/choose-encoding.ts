/** Which answers are compressed, and how: what the client accepts (RFC 9110, section 12.5.3) and what the body is. */
import type { HeaderList } from "../../../http/index.ts";

export type Encoding = "br" | "gzip";

/** The better compressed one first. */
const encodings: readonly Encoding[] = ["br", "gzip"];
/** Text, or as redundant as text. Not server-sent events: each would have to be flushed, and gain nothing. */
const compressible =
  /^(?:text\/(?!event-stream)[^;]*|application\/(?:json|javascript|xml|wasm|x-ndjson)|image\/svg\+xml|[^;]*\+(?:json|xml))\s*(?:;|$)/i;
const part = /^([\w*.-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?$/i;

/** What the client likes best; of what it likes alike, what compresses better. */
export function chooseEncoding(accept: string | undefined): Encoding | undefined {
  if (accept === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const text of accept.split(",")) {
    const [, name, weight = "1"] = part.exec(text.trim()) ?? [];
    if (name) weights.set(name.toLowerCase(), Number(weight));
  }
  const weightOf = (name: string) => weights.get(name) ?? weights.get("*") ?? 0;
  const [best] = encodings
    .filter((name) => weightOf(name) > 0)
    .sort((left, right) => weightOf(right) - weightOf(left));
  const identity = weights.get("identity") ?? 0;
  return best !== undefined && weightOf(best) >= identity ? best : undefined;
}

/** Whether an answer may be compressed at all: not what is encoded already, a part of something, or not to be changed. */
export function isCompressible(status: number, headers: HeaderList): boolean {
  if (status === 204 || status === 206 || status === 304) return false;
  let hasType = false;
  for (const [name, value] of headers) {
    switch (name.toLowerCase()) {
      case "content-type":
        hasType = compressible.test(value);
        break;
      case "content-encoding":
      case "content-range":
        return false;
      case "cache-control":
        if (/\bno-transform\b/i.test(value)) return false;
    }
  }
  return hasType;
}

/**
 * The headers of the compressed form, or of the plain one where others get the compressed one: caches must know that there are two, and a
 * strong ETag is for one sequence of bytes (RFC 9110, section 8.8.1).
 */
export function headersFor(headers: HeaderList, encoding: Encoding | undefined): HeaderList {
  const varies = headers.some(
    ([name, value]) => name.toLowerCase() === "vary" && /\*|accept-encoding/i.test(value),
  );
  const kept = headers.map(([name, value]): readonly [string, string] =>
    encoding && name.toLowerCase() === "etag" && value.startsWith('"')
      ? [name, `W/${value}`]
      : [name, value],
  );
  return [
    ...kept,
    ...(varies ? [] : [["vary", "accept-encoding"] as const]),
    ...(encoding ? [["content-encoding", encoding] as const] : []),
  ];
}
