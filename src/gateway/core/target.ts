/** The path and query of a request, after the one normalisation that routing, authorisation and upstream share. */
export interface Target {
  /** Decoded segments, without empty ones: `/a//b/` has two. */
  readonly segments: readonly string[];
  /** The canonical path, for logs and problem documents. */
  readonly path: string;
  /** Query parameters; repeated names as lists. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
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
const malformedEscape = /%(?![0-9A-Fa-f]{2})/;
/** Encoded slash, backslash, NUL and other control characters: two readers would understand them differently. */
const ambiguousEscape = /%(2f|5c|[01][0-9a-f]|7f)/i;

/**
 * Reads an origin-form request target (RFC 9112, section 3.2.1). Dot segments are refused rather than resolved: a browser never
 * sends them, and every proxy before this one may have understood them differently.
 */
export function parseTarget(raw: string): Target | TargetRefusal {
  if (raw.length > targetLengthMax) {
    return {
      status: 414,
      detail: `the request target has ${raw.length} characters; the limit is ${targetLengthMax}`,
    };
  }
  if (!raw.startsWith("/"))
    return refuse(`the request target "${raw.slice(0, 100)}" must start with /`);
  if (!allowed.test(raw))
    return refuse("the request target holds characters that must be percent-encoded");
  if (malformedEscape.test(raw))
    return refuse("the request target holds a % without two hexadecimal digits");
  const questionMark = raw.indexOf("?");
  const rawPath = questionMark < 0 ? raw : raw.slice(0, questionMark);
  if (ambiguousEscape.test(rawPath))
    return refuse("the path holds an encoded slash, backslash or control character");
  const segments: string[] = [];
  for (const rawSegment of rawPath.split("/")) {
    if (rawSegment === "") continue;
    const segment = decode(rawSegment);
    if (segment === undefined) return refuse("the path is not valid UTF-8");
    if (segment === "." || segment === "..") return refuse("the path holds dot segments");
    segments.push(segment);
  }
  if (segments.length > segmentsMax)
    return refuse(`the path has more than ${segmentsMax} segments`);
  const query = parseQuery(questionMark < 0 ? "" : raw.slice(questionMark + 1));
  if (query === undefined)
    return refuse(
      `the query is not valid UTF-8, or has more than ${queryParametersMax} parameters`,
    );
  return { segments, path: `/${segments.map(encodeURIComponent).join("/")}`, query };
}

function parseQuery(raw: string): Target["query"] | undefined {
  if (raw === "") return {};
  const query: Record<string, string | string[]> = Object.create(null);
  const pairs = raw.split("&");
  if (pairs.length > queryParametersMax) return undefined;
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode((equals < 0 ? pair : pair.slice(0, equals)).replaceAll("+", " "));
    const value = decode((equals < 0 ? "" : pair.slice(equals + 1)).replaceAll("+", " "));
    if (name === undefined || value === undefined) return undefined;
    const former = query[name];
    if (former === undefined) query[name] = value;
    else if (typeof former === "string") query[name] = [former, value];
    else former.push(value);
  }
  return query;
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
