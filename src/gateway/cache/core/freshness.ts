/** How long a stored answer is fresh, and what may be done with it afterwards (RFC 9111, section 4.2; RFC 5861). Times in ms. */
import type { HeaderList } from "../../../http/index.ts";
import { type Directives, durationMs, parseCacheControl, parseSeconds } from "./cache-control.ts";
import { fieldOf } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";
import { heuristicStatuses } from "./storable.ts";

/** An answer and when it came. */
export interface Received {
  readonly status: number;
  readonly headers: HeaderList;
  readonly requestHeaders: HeaderList;
  /** When it was asked for and when it came, on the clock that only goes forward. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** When it came, in ms since 1970. */
  readonly wallMs: number;
}

/** What is known of a stored answer's age and lifetime. */
export interface Freshness {
  readonly lifetimeMs: number;
  /** Its age when it came. */
  readonly initialAgeMs: number;
  readonly receivedAt: number;
  /** It may be sent only after the origin said that it still holds. */
  readonly mustValidate: boolean;
  /** Once stale, it may not be sent without asking, whatever the client would take. */
  readonly isStrict: boolean;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** A tenth of the time since the last change (section 4.2.2), a day at most. */
const heuristicShare = 0.1;
const heuristicMsMax = 24 * 3_600_000;
/** What forbids stale answers from a shared cache (section 4.2.4). */
const strict = ["must-revalidate", "proxy-revalidate", "s-maxage", "no-cache"];

/** Judges an answer that is stored. */
export function freshnessOf(received: Received): Freshness {
  const { headers, requestedAt, receivedAt, wallMs } = received;
  const directives = parseCacheControl(fieldOf(headers, "cache-control"));
  const dateMs = parseHttpDate(fieldOf(headers, "date"), wallMs) ?? wallMs;
  const age = parseSeconds(fieldOf(headers, "age")?.split(",")[0]?.trim()) ?? 0;
  const apparentAgeMs = Math.max(0, wallMs - dateMs);
  const isNamed = (directives.get("no-cache") ?? "") !== "";
  return {
    lifetimeMs: lifetimeOf(received, directives, dateMs),
    initialAgeMs: Math.max(apparentAgeMs, age + receivedAt - requestedAt),
    receivedAt,
    mustValidate: directives.has("no-cache") && !isNamed,
    isStrict: strict.some((name) => directives.has(name) && (name !== "no-cache" || !isNamed)),
    staleWhileRevalidateMs: durationMs(directives, "stale-while-revalidate") ?? 0,
    staleIfErrorMs: durationMs(directives, "stale-if-error") ?? 0,
  };
}

function lifetimeOf(
  { status, headers, requestHeaders, wallMs }: Received,
  directives: Directives,
  dateMs: number,
): number {
  const stated = durationMs(directives, "s-maxage") ?? durationMs(directives, "max-age");
  if (stated !== undefined) return stated;
  const expires = fieldOf(headers, "expires");
  // What is no date is a date in the past (section 5.3).
  if (expires !== undefined) return Math.max(0, (parseHttpDate(expires, wallMs) ?? 0) - dateMs);
  const changedMs = parseHttpDate(fieldOf(headers, "last-modified"), wallMs);
  const mayGuess = heuristicStatuses.has(status) || directives.has("public");
  // Guessing a lifetime for what was made for somebody's cookie is how caches are made to give it to others.
  const isAnonymous = fieldOf(requestHeaders, "cookie") === undefined || directives.has("public");
  if (changedMs === undefined || !mayGuess || !isAnonymous) return 0;
  return Math.min(Math.max(0, dateMs - changedMs) * heuristicShare, heuristicMsMax);
}

/** Its age now. */
export function ageMs(freshness: Freshness, now: number): number {
  return freshness.initialAgeMs + now - freshness.receivedAt;
}

/** Whether it may be sent as it is to a request that says nothing of that. */
export function isFresh(freshness: Freshness, now: number): boolean {
  return !freshness.mustValidate && ageMs(freshness, now) < freshness.lifetimeMs;
}

/** How a stored answer may be used. */
export type Use =
  | "fresh"
  /** It may be sent; in the background it is asked whether it still holds. */
  | "stale while revalidate"
  /** Why the origin has to be asked: the answer is stale, or the request wants it. */
  | "stale"
  | "request";

/** How a stored answer may be used for a request with these directives. */
export function useOf(freshness: Freshness, request: Directives, now: number): Use {
  const { lifetimeMs, mustValidate, isStrict } = freshness;
  if (mustValidate) return "stale";
  if (request.has("no-cache")) return "request";
  const age = ageMs(freshness, now);
  const wantedAgeMs = durationMs(request, "max-age") ?? Number.POSITIVE_INFINITY;
  const leftMs = lifetimeMs - age;
  if (leftMs > 0) {
    const isWanted = age <= wantedAgeMs && leftMs >= (durationMs(request, "min-fresh") ?? 0);
    return isWanted ? "fresh" : "request";
  }
  if (isStrict || age > wantedAgeMs) return "stale";
  if (-leftMs < freshness.staleWhileRevalidateMs) return "stale while revalidate";
  const takesAny = request.has("max-stale") && request.get("max-stale") === undefined;
  const isTaken = takesAny || -leftMs <= (durationMs(request, "max-stale") ?? -1);
  return isTaken ? "fresh" : "stale";
}

/**
 * Whether it may be sent because the origin fails. `agreedMs`: for how long after its lifetime whoever runs both has agreed to
 * (RFC 9111, section 4.2.4).
 */
export function mayServeOnError(
  freshness: Freshness,
  request: Directives,
  now: number,
  agreedMs = 0,
): boolean {
  if (freshness.mustValidate || freshness.isStrict) return false;
  const asked = durationMs(request, "stale-if-error") ?? 0;
  const windowMs = Math.max(freshness.staleIfErrorMs, asked, agreedMs);
  return ageMs(freshness, now) - freshness.lifetimeMs < windowMs;
}
