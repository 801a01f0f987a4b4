/**
 * For a gateway whose pages and API are for nobody else's pages. Host: a page of another site whose name was made to point here (DNS
 * rebinding) is of the same origin for its browser, but says its own name. Origin: a page of another origin may send what browsers do
 * not ask about first (Fetch, section 3.2), but they say whose page it is.
 */
import type { HeaderList, Refusal } from "../http/index.ts";
import type { Exchange } from "./exchange.ts";

/** By which names browsers reach it. */
export interface OwnPages {
  /** Without a port, as `localhost` or `[::1]`. */
  readonly hosts: readonly string[];
}

/** What every answer says to browsers: other pages may not use it as anything. */
export const ownPagesHeaders: HeaderList = [
  ["x-content-type-options", "nosniff"],
  ["cross-origin-resource-policy", "same-origin"],
];

/** Why a request is not from a page of this gateway's own, nor from a program. */
export function refusalOfStranger(exchange: Exchange, { hosts }: OwnPages): Refusal | undefined {
  const { host, scheme } = exchange;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (!hosts.includes(name)) {
    const known = hosts.join(", ");
    return { status: 421, detail: `this server is not ${name}; it goes by ${known}` };
  }
  const origin = exchange.header("origin");
  if (origin === undefined || origin === `${scheme}://${host}`) return undefined;
  return { status: 403, detail: `pages of ${origin} may not ask this server` };
}
