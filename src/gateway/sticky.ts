import type { HeaderList } from "../http/index.ts";
import { random } from "../kit/index.ts";
import { hashOf } from "../mesh/index.ts";
import type { Exchange } from "./exchange.ts";
import type { StickyOptions } from "./options.ts";

/** What a client is known by, so that it comes to the same version and address again. */
export interface ClientMark {
  readonly key: string;
  /** In [0, 1). */
  readonly point: number;
  /** For the client to keep. */
  readonly setCookie: string | undefined;
}

/** A cookie's value: anything else was not made here. */
const markPattern = /^[0-9a-z]{4,16}$/;
const hashes = 2 ** 32;

/** The mark of a client. Who has none gets one where it can keep it, a new one each time where it cannot. */
export function markOf(exchange: Exchange, sticky: StickyOptions | undefined): ClientMark {
  if (sticky && "cookie" in sticky) {
    const known = cookieOf(exchange.header("cookie"), sticky.cookie);
    if (known !== undefined && markPattern.test(known)) return marked(known);
    const fresh = newMark();
    const attributes = `Path=/; HttpOnly; SameSite=Lax${exchange.scheme === "https" ? "; Secure" : ""}`;
    return { ...marked(fresh), setCookie: `${sticky.cookie}=${fresh}; ${attributes}` };
  }
  if (sticky && "header" in sticky)
    return marked(exchange.header(sticky.header.toLowerCase()) ?? newMark());
  return marked(sticky ? exchange.remoteAddress : newMark());
}

/** What a cache in front must heed where versions answer differently. An address it cannot heed. */
export function varyOf(sticky: StickyOptions | undefined, versionCount: number): HeaderList {
  if (!sticky || versionCount < 2 || "ip" in sticky) return [];
  return [["vary", "cookie" in sticky ? "cookie" : sticky.header.toLowerCase()]];
}

function marked(key: string): ClientMark {
  return { key, point: hashOf(key) / hashes, setCookie: undefined };
}

function newMark(): string {
  return Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, "0");
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  const pairs = header?.split(";").map((pair) => pair.trim()) ?? [];
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
