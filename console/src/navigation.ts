/** Where one is, as the address's hash says: `#/traces/4bf9?service=products`. */
import { computed, signal } from "@preact/signals";

export interface Place {
  /** The page, as `traces`. */
  readonly page: string;
  /** What follows it: `["4bf9"]`. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const place = computed<Place>(() => {
  const [path = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/").filter(Boolean).map(decoded);
  return { page: page || "topology", rest, query: new URLSearchParams(query) };
});

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place. Empty values of the query are left out. */
export function hrefOf(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value) as [string, string][];
  const text = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** Goes there. */
export function goTo(href: string): void {
  location.hash = href;
}

/** Changes the query of this place, without a new step in the history. */
export function setQuery(change: Readonly<Record<string, string | undefined>>): void {
  const { page, rest, query } = place.value;
  const href = hrefOf([page, ...rest], { ...Object.fromEntries(query), ...change });
  history.replaceState(null, "", href);
  hash.value = href;
}
