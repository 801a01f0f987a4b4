/**
 * Which page is shown, by the browser's address. Pages live where the API has no path: `/` and below `/shop`. Links are plain links;
 * a click on one of the shop's own changes the address without loading anything.
 */
import { signal } from "@preact/signals";

/** An address of the shop. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

export const place = signal<Place>(here());
/** How many pages were opened since the first one: whoever moved gets the new page's heading read out. */
export const moves = signal(0);

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** Goes to a page of the shop. */
export function go(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  place.value = here();
  moves.value += 1;
  scrollTo(0, 0);
}

/** An address with a query; empty parameters are left out. */
export function address(path: string, query: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

/** Where to go on, as an address says; anything that is not a page of this shop is the catalogue. */
export function nextPlace(): string {
  const to = place.value.query.get("to") ?? "/";
  return /^\/(?![/\\])/.test(to) ? to : "/";
}

addEventListener("popstate", () => {
  place.value = here();
  moves.value += 1;
});

addEventListener("click", (event) => {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || !isPlain || event.altKey || event.defaultPrevented || link.target) return;
  if (link.origin !== location.origin || !isPage(link.pathname)) return;
  // A jump within the page is the browser's.
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

function isPage(path: string): boolean {
  return path === "/" || path.startsWith("/shop/");
}
