/** The path and query of a request, after the one normalisation that routing, authorisation and upstream share. */
export interface Target {
  /** Decoded segments, without empty ones: `/a//b/` has two. */
  readonly segments: readonly string[];
  /** The canonical path, for logs, problem documents and `raw` operations; it keeps a last slash. */
  readonly path: string;
  /** The query as sent, with its question mark; empty without one. */
  readonly search: string;
  /** Query parameters; repeated names as lists. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Whether the path holds an encoded slash or backslash, which only some routes take. */
  readonly hasEncodedSlash: boolean;
  /** Host and port of an absolute-form target; it must agree with the Host header. */
  readonly authority: string | undefined;
}

/** Why a target is refused. */
export interface TargetRefusal {
  readonly status: 400 | 414;
  readonly detail: string;
}

const targetLengthMax = 8 * 1024;
const segmentsMax = 64;
const queryParametersMax = 200;
/** RFC 3986 path and query characters, and percent signs, which are looked at below. */
const allowed = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*$/;
const absoluteForm = /^https?:\/\/([^/?]+)(.*)$/i;
const malformedEscape = /%(?![0-9A-Fa-f]{2})/;
/** NUL and other control characters: no reader understands them as text. */
const controlEscape = /%([01][0-9a-f]|7f)/i;
const encodedSlash = /%(2f|5c)/i;
const dotSegment = /^\.\.?(;|$)/;
/** Escapes of {@link encodeURIComponent} that a path segment does not need (RFC 3986, section 3.3: pchar). */
const needlessEscape = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;
/** What a segment may hold as it is. */
const plainSegment = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]*$/;
const noQuery: Target["query"] = Object.freeze(Object.create(null));

/**
 * Reads a request target in origin form, or in absolute form, which servers must accept (RFC 9112, section 3.2). Dot segments
 * are refused rather than resolved: a browser never sends them, and every proxy before this one may have understood them
 * differently.
 */
export function parseTarget(raw: string): Target | TargetRefusal {
  if (raw.length > targetLengthMax) {
    return {
      status: 414,
      detail: `the request target has ${raw.length} characters; the limit is ${targetLengthMax}`,
    };
  }
  if (!allowed.test(raw))
    return refuse("the request target holds characters that must be percent-encoded");
  if (raw.startsWith("/")) return parseOriginForm(raw, undefined);
  const [, authority, rest = ""] = absoluteForm.exec(raw) ?? [];
  if (authority === undefined) {
    return refuse(`the request target "${raw.slice(0, 100)}" must start with /`);
  }
  return parseOriginForm(rest.startsWith("/") ? rest : `/${rest}`, authority);
}

function parseOriginForm(raw: string, authority: string | undefined): Target | TargetRefusal {
  const hasEscapes = raw.includes("%");
  if (hasEscapes && malformedEscape.test(raw))
    return refuse("the request target holds a % without two hexadecimal digits");
  const questionMark = raw.indexOf("?");
  const rawPath = questionMark < 0 ? raw : raw.slice(0, questionMark);
  if (hasEscapes && controlEscape.test(rawPath))
    return refuse("the path holds an encoded control character");
  const hasEncodedSlash = hasEscapes && encodedSlash.test(rawPath);
  const segments: string[] = [];
  for (const rawSegment of rawPath.split("/")) {
    if (rawSegment === "") continue;
    const segment = hasEscapes ? decode(rawSegment) : rawSegment;
    if (segment === undefined) return refuse("the path is not valid UTF-8");
    // Behind an encoded slash too: a handler may split there.
    const isDots = hasEncodedSlash
      ? segment.split(/[/\\]/).some(isDotSegment)
      : isDotSegment(segment);
    if (isDots) return refuse("the path holds dot segments");
    segments.push(segment);
  }
  if (segments.length > segmentsMax)
    return refuse(`the path has more than ${segmentsMax} segments`);
  const search = questionMark < 0 ? "" : raw.slice(questionMark);
  const query = search.length < 2 ? noQuery : parseQuery(search.slice(1));
  if (typeof query === "string") return refuse(query);
  return new ParsedTarget({
    segments,
    // Without escapes and empty segments it is canonical as it came.
    plainPath: hasEscapes || rawPath.includes("//") ? undefined : rawPath,
    hasLastSlash: rawPath.endsWith("/"),
    search,
    query,
    hasEncodedSlash,
    authority,
  });
}

/** The canonical path is written when it is asked for, where it is not what came: most requests only need the segments. */
class ParsedTarget implements Target {
  readonly segments: readonly string[];
  readonly search: string;
  readonly query: Target["query"];
  readonly hasEncodedSlash: boolean;
  readonly authority: string | undefined;
  readonly #hasLastSlash: boolean;
  readonly #plainPath: string | undefined;

  constructor(
    parts: Omit<Target, "path"> & {
      readonly hasLastSlash: boolean;
      readonly plainPath: string | undefined;
    },
  ) {
    this.segments = parts.segments;
    this.search = parts.search;
    this.query = parts.query;
    this.hasEncodedSlash = parts.hasEncodedSlash;
    this.authority = parts.authority;
    this.#hasLastSlash = parts.hasLastSlash;
    this.#plainPath = parts.plainPath;
  }

  get path(): string {
    if (this.#plainPath !== undefined) return this.#plainPath;
    if (this.segments.length === 0) return "/";
    const path = `/${this.segments.map(encodeSegment).join("/")}`;
    return this.#hasLastSlash ? `${path}/` : path;
  }
}

/** The parameters, or what is wrong with them. */
function parseQuery(raw: string): Target["query"] | string {
  const query: Record<string, string | string[]> = Object.create(null);
  const pairs = raw.split("&");
  if (pairs.length > queryParametersMax)
    return `the query has more than ${queryParametersMax} parameters`;
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode((equals < 0 ? pair : pair.slice(0, equals)).replaceAll("+", " "));
    const value = decode((equals < 0 ? "" : pair.slice(equals + 1)).replaceAll("+", " "));
    if (name === undefined || value === undefined) return "the query is not valid UTF-8";
    // No object that is made from the parameters may get another prototype by it.
    if (name === "__proto__") return "the query holds the name __proto__";
    const former = query[name];
    if (former === undefined) query[name] = value;
    else if (typeof former === "string") query[name] = [former, value];
    else former.push(value);
  }
  return query;
}

/** `..;x` too: servers that know path parameters (Tomcat, Jetty, Spring) drop them and resolve what is left (Orange Tsai, 2018). */
function isDotSegment(segment: string): boolean {
  return segment.startsWith(".") && dotSegment.test(segment);
}

function encodeSegment(segment: string): string {
  if (plainSegment.test(segment)) return segment;
  return encodeURIComponent(segment).replace(needlessEscape, decodeURIComponent);
}

function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function refuse(detail: string): TargetRefusal {
  return { status: 400, detail };
}
