import type { Logger } from "../telemetry/index.ts";
import type { RouteConditions } from "./core/route-conditions.ts";
import type { Weighted } from "./core/route-versions.ts";
import {
  gatewayDefaults,
  type RouteSection,
  type StickyOptions,
  type UpstreamSection,
} from "./options.ts";
import { Upstream, upstreamLimits } from "./upstream/index.ts";

/** A version of a route's upstream. */
export interface RouteVersion extends Weighted {
  readonly upstream: Upstream;
  /** Routes and versions may differ at one URL, so each has its own stored answers. */
  readonly audience: string;
}

/** What is answered where nobody answers. */
export interface Fallback {
  /** A stored answer that is stale for no longer; 0: none. */
  readonly staleMs: number;
  /** Undefined: a problem document. */
  readonly body: string | undefined;
  readonly status: number;
  readonly contentType: string;
}

/** A route to HTTP servers, with nothing left open. */
export interface UpstreamRoute {
  /** As it is written: its host, path and headers. */
  readonly title: string;
  readonly path: string;
  readonly conditions: RouteConditions;
  readonly versions: readonly RouteVersion[];
  readonly sticky: StickyOptions | undefined;
  readonly mirror: Upstream | undefined;
  readonly fallback: Fallback | undefined;
  readonly auth: "public" | "required";
  readonly scopes: readonly string[];
  readonly bodyBytesMax: number;
  readonly isCached: boolean;
  /** A WebSocket without a byte for so long ends. */
  readonly idleMs: number;
}

/** Makes a route of what is written; its checks begin. */
export function openRoute(
  section: UpstreamSection,
  { bodyBytesMax, logger }: { readonly bodyBytesMax: number; readonly logger: Logger },
): UpstreamRoute {
  const { path, mirror } = section;
  const conditions = conditionsOf(section);
  const open = (urls: string | readonly string[]) => openUpstream(section, urls, logger);
  const title = titleOf(path, conditions);
  return {
    title,
    path,
    conditions,
    versions: versionsOf(section).map(({ name, weight, urls }) => ({
      ...{ name, weight, audience: `${title} ${name}` },
      upstream: open(urls),
    })),
    sticky: section.sticky,
    mirror: mirror === undefined ? undefined : open(mirror),
    fallback: fallbackOf(section),
    auth: section.auth ?? "required",
    scopes: section.scopes ?? [],
    bodyBytesMax: section.bodyBytesMax ?? bodyBytesMax,
    isCached: section.cache === true,
    idleMs: section.idleMs ?? upstreamLimits.idleMs,
  };
}

/** The fallback of a route as it is written. */
export function fallbackOf({ fallback }: RouteSection): Fallback | undefined {
  if (!fallback) return undefined;
  const { staleS = 0, ...rest } = fallback;
  const defaults = { body: undefined, status: 503, contentType: "text/html; charset=utf-8" };
  return { ...defaults, ...rest, staleMs: staleS * 1_000 };
}

/** The conditions of a route as it is written. */
export function conditionsOf({ host, headers = {} }: RouteSection): RouteConditions {
  const fields = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  return { host: host?.toLowerCase(), headers: fields };
}

/** The versions of a route as it is written; one without a name where there are no several. */
export function versionsOf({ upstream }: UpstreamSection): readonly (Weighted & {
  readonly urls: readonly string[];
})[] {
  if (typeof upstream === "string") return [{ name: "", weight: 1, urls: [upstream] }];
  if (isList(upstream)) return [{ name: "", weight: 1, urls: upstream }];
  return Object.entries(upstream).map(([name, { urls, weight }]) => ({
    ...{ name, weight },
    urls: [urls].flat(),
  }));
}

/** A route in one line. */
export function titleOf(path: string, { host = "", headers }: RouteConditions): string {
  return [`${host}${path}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join(" ");
}

function openUpstream(
  section: UpstreamSection,
  urls: string | readonly string[],
  logger: Logger,
): Upstream {
  const { health, deadlineMs = gatewayDefaults.upstreamDeadlineMs } = section;
  const { idleMs = upstreamLimits.idleMs } = section;
  const checks = health && { everyMs: gatewayDefaults.healthEveryMs, ...health };
  const { tls } = section;
  const options = { urls: [urls].flat(), tls, deadlineMs, health: checks, logger };
  return new Upstream(options, { idleMs });
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
