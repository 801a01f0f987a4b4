/** What proxies say of whom they ask for: `X-Forwarded-For` and `Forwarded` (RFC 7239). */

/** One hop as the proxy behind it wrote it down. */
export interface Hop {
  /** An address without its port, `unknown`, or a name that hides it. */
  readonly address: string;
  readonly scheme: string | undefined;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** A parameter and what follows it: another one of this hop, the next hop, or the end. */
const parameter = new RegExp(
  `[\\t ]*(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")[\\t ]*(;|,|$)`,
  "y",
);

const unknownHop: Hop = { address: "unknown", scheme: undefined };

/** The hops of an `X-Forwarded-For` header, the nearest one last. */
export function readForwardedFor(value: string): readonly string[] {
  return value.split(",").map((part) => withoutPort(part.trim()));
}

/** The hops of a `Forwarded` header, the nearest one last; undefined if it is not one. */
export function readForwarded(value: string): readonly Hop[] | undefined {
  const hops: Hop[] = [];
  let hop: Hop = unknownHop;
  parameter.lastIndex = 0;
  for (;;) {
    const found = parameter.exec(value);
    if (!found) return undefined;
    const [, name = "", plain, quoted = "", end] = found;
    const text = plain ?? quoted.replace(/\\(.)/g, "$1");
    if (name.toLowerCase() === "for") hop = { ...hop, address: withoutPort(text) };
    else if (name.toLowerCase() === "proto") hop = { ...hop, scheme: text.toLowerCase() };
    if (end === ";") continue;
    hops.push(hop);
    if (end === "") return hops;
    hop = unknownHop;
  }
}

/** `10.0.0.1:4711` and `[2001:db8::1]:4711` without what is not the address. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\w+)?$/.exec(text)?.[1];
  return bracketed ?? /^([\d.]+):\w+$/.exec(text)?.[1] ?? text;
}
