import { type HeadRefusal, ParsedHead } from "../../http1/index.ts";

const methodPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;

/**
 * The fields of a HTTP/2 request as the head that the same request has in HTTP/1.1, so that the same rules judge both (RFC 9113,
 * section 8.3.1). The names' case, the order of pseudo-fields and bytes that no field may hold were looked at by nghttp2.
 * @param fields names and values, one after the other.
 * @param hasBody whether DATA frames may follow.
 */
export function headOfFields(
  fields: readonly string[],
  hasBody: boolean,
): ParsedHead | HeadRefusal {
  const pseudo = new Map<string, string>();
  const builder = new HeadBuilder();
  let hasLength = false;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (name.startsWith(":")) pseudo.set(name, value);
    else {
      if (name === "content-length") hasLength = true;
      builder.add(name, value);
    }
  }
  const method = pseudo.get(":method") ?? "";
  const target = pseudo.get(":path") ?? "";
  const authority = pseudo.get(":authority");
  if (!methodPattern.test(method))
    return { status: 501, detail: "no method is longer than 32 characters" };
  if (!target.startsWith("/") && target !== "*")
    return { status: 400, detail: "the request target must start with /" };
  // Clients that come from HTTP/1.1 send Host; one that sends both must mean the same.
  if (authority !== undefined && !builder.claims("host", authority))
    return { status: 400, detail: "the request's :authority and its Host differ" };
  if (hasBody && !hasLength) builder.add("transfer-encoding", "chunked");
  return builder.build(method, target);
}

class HeadBuilder {
  #text = "";
  readonly #spans: number[] = [];
  #host: string | undefined;

  add(name: string, value: string): void {
    if (name === "host") this.#host = value;
    const start = this.#text.length;
    const valueStart = start + name.length;
    this.#text += name + value;
    this.#spans.push(start, valueStart, valueStart, valueStart + value.length);
  }

  /** Adds the host unless the same one is there. Whether there is no other. */
  claims(name: string, host: string): boolean {
    if (this.#host === undefined) this.add(name, host);
    return this.#host === host;
  }

  build(method: string, target: string): ParsedHead {
    return new ParsedHead({
      text: this.#text,
      method,
      target,
      minorVersion: 1,
      spans: this.#spans,
    });
  }
}
