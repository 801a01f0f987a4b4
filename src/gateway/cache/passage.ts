import type { HeaderList } from "../../http/index.ts";
import { now, wallTime } from "../../kit/index.ts";
import { type Answer, isPiecewise } from "../answer.ts";
import { type Directives, parseCacheControl } from "./core/cache-control.ts";
import { type Forwarded, withCacheStatus } from "./core/cache-status.ts";
import type { CacheEntry } from "./core/entry.ts";
import { fieldOf } from "./core/fields.ts";
import { ageMs, mayServeOnError } from "./core/freshness.ts";
import { isNotModified, notModifiedHeaders } from "./core/validators.ts";
import type { Ticket } from "./redis-answers.ts";

/** A request that may be answered out of the cache. */
export interface CacheRequest {
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  /** Path and query in canonical form. */
  readonly target: string;
  readonly headers: HeaderList;
  /** Whether it has none of the fields that decide what of a stored answer is sent, or whether: see {@link isPlain}. */
  readonly isPlain: boolean;
  readonly hasBody: boolean;
  /** For whom answers are kept; others never get them. Undefined: for all. */
  readonly audience: string | undefined;
  /** So long after its lifetime an answer may stand in for one that fails, whatever its origin says; in ms. Default: as the origin says. */
  readonly staleIfErrorMs?: number | undefined;
  readonly signal: AbortSignal;
  /** By {@link keyOf}. */
  readonly key: string;
}

type KeyParts = Pick<CacheRequest, "scheme" | "host" | "target" | "audience">;

/** Asks the origin, with these headers in the place of the request's. Rejects with {@link NoAnswer}, or what the request's body throws. */
export type AskOrigin = (headers: HeaderList, signal: AbortSignal) => Promise<Answer>;

/** One request on its way through. */
export interface Passage {
  readonly request: CacheRequest;
  readonly ask: AskOrigin;
  readonly key: string;
  readonly directives: Directives;
  /** With it the answer may be stored for all gateways. */
  readonly ticket?: Ticket | undefined;
}

/** What came of asking: an answer as it came, or stored. */
export interface Asked {
  readonly answer: Answer;
  /** What the origin said. */
  readonly status: number;
  /** What can be served. */
  readonly entry?: CacheEntry;
  readonly isStored?: boolean;
}

/** What is known of an answer beside itself. */
export interface Since {
  readonly requestedAt: number;
  /** When whoever asked first began to. */
  readonly startedAt: number;
  readonly cameAs: number;
  /** What it renews. */
  readonly former?: CacheEntry;
}

const nothing = new Uint8Array(0);

/** What `only-if-cached` gets where nothing is (RFC 9111, section 5.2.1.7). */
export const notStored: Answer = {
  status: 504,
  headers: [["cache-control", "no-store"]],
  body: nothing,
};

/** A request's way begins. */
export function passageOf(request: CacheRequest, ask: AskOrigin): Passage {
  return { request, ask, key: request.key, directives: directivesOf(request) };
}

/** With these the origin has to decide (RFC 9110, section 13.1). */
const originConditions = ["if-match", "if-unmodified-since"];
const decidingFields = [
  ...["cache-control", "pragma", "if-none-match", "if-modified-since", "range"],
  ...originConditions,
];

/** Whether a request has no field that decides, beside `Vary`, whether a stored answer is sent, and what of it. */
export function isPlain(request: { header(name: string): string | undefined }): boolean {
  for (const name of decidingFields) if (request.header(name) !== undefined) return false;
  return true;
}

/** Whether a stored answer may be sent because the origin fails. */
export function mayStandIn(entry: CacheEntry, { directives, request }: Passage): boolean {
  return mayServeOnError(entry.freshness, directives, now(), request.staleIfErrorMs);
}

/** An answer as it came, with what the cache had to do with it. */
export function forwarded(answer: Answer, fwd: Forwarded): Answer {
  const { status, headers, body } = answer;
  return { status, headers: withCacheStatus(headers, { fwd, fwdStatus: status }), body };
}

/** Without the body that the client has: its own conditions did not go to the origin. */
export function ifModified(answer: Answer, { headers }: CacheRequest): Answer {
  if (answer.status !== 200 || !isNotModified(headers, answer.headers, wallTime())) return answer;
  if (isPiecewise(answer.body)) answer.body.cancel();
  return { status: 304, headers: notModifiedHeaders(answer.headers), body: nothing };
}

/** Whether a request has a condition that nobody but the origin can judge. */
export function isForOrigin({ headers }: CacheRequest): boolean {
  return originConditions.some((name) => fieldOf(headers, name) !== undefined);
}

/** What answers are kept by. */
export function keyOf({ scheme, host, target, audience }: KeyParts): string {
  const url = `${scheme}://${host.toLowerCase()}${target}`;
  return audience === undefined ? url : `${url} ${audience}`;
}

/** `Pragma: no-cache` counts where nothing newer is said (RFC 9111, section 5.4). */
function directivesOf({ headers }: CacheRequest): Directives {
  const control = fieldOf(headers, "cache-control");
  return parseCacheControl(control ?? fieldOf(headers, "pragma"));
}

/** How long an entry is fresh; less than 0 once it is stale. */
export function ttlS({ freshness }: CacheEntry): number {
  return Math.floor((freshness.lifetimeMs - ageMs(freshness, now())) / 1_000);
}
