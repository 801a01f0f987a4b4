import type { RequestVerifier } from "../contract/index.ts";
import type { MeshNode, VersionWeights } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { CompressionOptions } from "./compression/index.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import type { CertificatePaths } from "./edge-certificates.ts";
import type { ConnectionSource } from "./listen-http.ts";
import type { OwnPages } from "./own-pages.ts";
import type { GatewayRedis } from "./redis/index.ts";
import type { UpstreamTlsOptions } from "./upstream/index.ts";

/**
 * What an issuer may sign with (RFC 7518, section 3.1; RFC 8037; RFC 9864). None by a shared secret: whoever reads a published key could
 * sign with it.
 */
export const signatureAlgorithms = [
  "EdDSA",
  "Ed25519",
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
] as const;

/** Whose tokens are accepted. */
export interface IssuerOptions {
  /** The `iss` claim, exactly. */
  readonly issuer: string;
  /** The `aud` claim, or any of several; not checked without it. */
  readonly audience?: string | readonly string[] | undefined;
  /** Accepted {@link signatureAlgorithms}; anything else is refused. */
  readonly algorithms: readonly string[];
  /** How much the issuer's clock may differ from ours, in seconds. Default 60. */
  readonly clockToleranceS?: number | undefined;
  /** Where the keys are: a URL, or an operation of the mesh that returns a JWK Set, as `members.keys`. */
  readonly jwks: { readonly url: string } | { readonly operation: string };
}

/** An API key as it is kept; `dure api-key` prints it. */
export interface ApiKeyOptions {
  /** The public part of the key, 16 hexadecimal digits. */
  readonly id: string;
  /** SHA-256 of the key, 64 hexadecimal digits. */
  readonly hash: string;
  /** Who calls with it. */
  readonly subject: string;
  readonly scopes?: readonly string[] | undefined;
  /** When it ends, as ISO 8601. Default never. */
  readonly expires?: string | undefined;
}

/** How callers prove who they are. */
export interface AuthOptions {
  readonly issuers?: readonly IssuerOptions[] | undefined;
  readonly apiKeys?: readonly ApiKeyOptions[] | undefined;
  /** Other means, asked first. */
  readonly verifier?: RequestVerifier | undefined;
}

/** How much each caller may ask for. */
export interface RateLimitPolicy {
  /** Its name in answers: 1 to 50 letters, digits, `-` and `_`. */
  readonly name: string;
  /**
   * Whose requests are counted together: those of a client's network (`ip`: an IPv4 address, or the first 64 bits of an IPv6 one), of a
   * principal, of an API key, or all for one operation (`route`). Requests without a principal or an API key do not count for those.
   */
  readonly by: "ip" | "principal" | "apiKey" | "route";
  /** So many requests ... */
  readonly requests: number;
  /** ... in so many seconds, evenly. */
  readonly perS: number;
  /** So many at once, by a caller that was quiet before. Default: `requests`. */
  readonly burst?: number | undefined;
  /** The operations it is about, as `books.add`, or the paths of routes to upstreams. Default: all. */
  readonly operations?: readonly string[] | undefined;
  /**
   * `mesh`: all gateways of the mesh count together, each key at the one that owns it; their nodes host `rateLimitService()`. `redis`:
   * they count in `GatewayOptions.redis`. Default: each gateway counts for itself.
   */
  readonly shared?: "mesh" | "redis" | undefined;
  /**
   * What becomes of a request that cannot be counted there now. `local` (default): this gateway counts it for itself. `open`: it passes.
   * `closed`: 503.
   */
  readonly whenUnavailable?: "local" | "open" | "closed" | undefined;
}

/** Which pages of other origins may read answers. */
export interface CorsOptions {
  /** Origins as browsers write them, as `https://shop.example`, or `*` alone for all. */
  readonly origins: readonly string[];
  /** Headers that pages may send besides those that the gateway reads itself. */
  readonly headers?: readonly string[] | undefined;
  /** Headers that pages may read besides those that the gateway writes itself. */
  readonly exposedHeaders?: readonly string[] | undefined;
  /** Whether browsers may send cookies along. Default false; never with `*`. */
  readonly credentials?: boolean | undefined;
  /** How long browsers may remember what they may do, in s. Default 600. */
  readonly maxAgeS?: number | undefined;
}

/** Bounds of a request and of its connection; the defaults of those that are not here are in {@link ConnectionLimits}. */
export interface GatewayLimits
  extends Partial<
    Pick<
      ConnectionLimits,
      | "headersMax"
      | "headMsMax"
      | "pauseMsMax"
      | "bytesPerSecondMin"
      | "keepAliveMs"
      | "requestsPerConnectionMax"
      | "connectionsMax"
    >
  > {
  /** Largest body, in bytes; above it 413. Default 1 MiB. */
  readonly bodyBytesMax?: number | undefined;
  /** Largest head, in bytes; above it 431. Default 16 KiB. */
  readonly headerBytesMax?: number | undefined;
}

/** Bounds of the cache. */
export interface GatewayCacheOptions {
  /** Memory for answers, in MiB. Default 64. */
  readonly mb?: number;
  /** `redis`: answers are kept in `GatewayOptions.redis` too, for all gateways of the mesh. Default: each gateway has its own. */
  readonly shared?: "redis";
}

/** By what a client is known, so that it comes to the same version, and the same address while that is healthy. */
export type StickyOptions =
  /** A cookie of this name, which the gateway sets. */
  | { readonly cookie: string }
  /** A header of the request. */
  | { readonly header: string }
  | { readonly ip: true };

/** Versions of an upstream by name, each with its share of the clients: `{ stable: { urls, weight: 95 }, next: { urls, weight: 5 } }`. */
export type UpstreamVersions = Readonly<
  Record<string, { readonly urls: string | readonly string[]; readonly weight: number }>
>;

/** Which requests a route is about, beside their path. */
interface RouteConditionOptions {
  /** Only requests to this host, as `shop.example` or `*.shop.example`. A route to HTTP servers comes before contracts then. */
  readonly host?: string;
  /** Only requests whose headers have these values. A route to HTTP servers comes before contracts then. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is answered when nobody behind a route gives an answer: a stale copy, else the body, else 502, 503 or 504 with a problem document. */
export interface FallbackOptions {
  /** An answer in the cache that is stale for no longer than this, in s, whatever its own `stale-if-error` says. Default: as that says. */
  readonly staleS?: number;
  readonly body?: string;
  /** Default 503. */
  readonly status?: number;
  /** Default `text/html; charset=utf-8`. */
  readonly contentType?: string;
}

/** How requests to operations are treated, at the paths of a route that has no upstream. */
export interface OperationRouteOptions extends RouteConditionOptions {
  readonly upstream?: undefined;
  /** Which share of the calls goes to which version of the service, as `{ "1": 90, "2": 10 }`; one alone is a pin. Default: `calls.services`. */
  readonly versions?: VersionWeights;
  /** Clients come to the same version and instance again. Default: each request for itself. */
  readonly sticky?: StickyOptions;
  /** For GET. A stale copy is there for operations with `cache`. */
  readonly fallback?: FallbackOptions;
}

/** How a route goes to HTTP servers that are not on the mesh. */
export interface RouteOptions extends RouteConditionOptions {
  /** `http://host:port` or `https://host:port`, or several that do the same, or versions that share the requests. */
  readonly upstream: string | readonly string[] | UpstreamVersions;
  /** Clients come to the same version and address again. Default: each request for itself. */
  readonly sticky?: StickyOptions;
  /** How those with `https` prove who they are. */
  readonly tls?: UpstreamTlsOptions;
  /** `http://host:port` that gets a copy of each request without a body; what it answers is thrown away. */
  readonly mirror?: string;
  /** What is answered when no server gives an answer. A stale copy is there with `cache`. */
  readonly fallback?: FallbackOptions;
  /** `public`: the upstream looks after itself. Default: only with a token that the gateway accepts. */
  readonly auth?: "public";
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[];
  /** The answer must begin within this time, in ms; then 504. Default 30,000. */
  readonly deadlineMs?: number;
  /** A WebSocket, or a stream of events, ends when nothing went over for this long, in ms. Default 300,000. */
  readonly idleMs?: number;
  /** Largest body of a request, in bytes; above it 413. Default: the gateway's. */
  readonly bodyBytesMax?: number;
  /** Answers are kept as their `Cache-Control` says (RFC 9111). Default: not. */
  readonly cache?: true;
  /** A path that answers 200 to 399 on a healthy server. Two failed checks in a row take it out, a good one brings it back. */
  readonly health?: {
    readonly path: string;
    /** Default 5,000. */
    readonly everyMs?: number;
  };
}

/** Where a route is. */
interface RoutePath {
  /** As in contracts: `/legacy/*`, `/users/:id/avatar`. */
  readonly path: string;
}

/** A folder of files that browsers get: pages, and what belongs to them. They are public. */
export interface FilesSection {
  /** The folder; below {@link at} everything in it is offered, but for names that begin with a dot. */
  readonly folder: string;
  /** Default `/`. */
  readonly at?: string;
  /** A file of the folder that browsers get where no file has the path, for applications that find their way by themselves. Default: 404. */
  readonly page?: string;
  /** A folder in it whose files change their names with their content, so that browsers need never ask again. Default: none. */
  readonly immutable?: string;
  /** Further headers of every file, as `content-security-policy`. */
  readonly headers?: Readonly<Record<string, string>>;
}
/** A route to HTTP servers, as data. */
export type UpstreamSection = RouteOptions & RoutePath;

/** A route that treats operations, as data. */
export type OperationSection = OperationRouteOptions & RoutePath;

/** A route, as data. */
export type RouteSection = UpstreamSection | OperationSection;

/** What {@link createGateway} takes. */
export interface GatewayOptions {
  /** The node through which it calls. */
  readonly node: MeshNode;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 8080; 0 for any free port. */
  readonly port?: number | undefined;
  /** Without it only public operations can be called. */
  readonly auth?: AuthOptions | undefined;
  readonly limits?: GatewayLimits | undefined;
  readonly rateLimits?: readonly RateLimitPolicy[] | undefined;
  /** Without it pages of other origins can read nothing. */
  readonly cors?: CorsOptions | undefined;
  /** Opens a client for what is shared by Redis: limits, and the cache, which takes two. The gateway closes them. */
  readonly redis?: (() => GatewayRedis) | undefined;
  /**
   * Addresses and networks of proxies before the gateway, as `10.0.0.0/8`. From them alone `X-Forwarded-For`, `X-Forwarded-Proto` and
   * `Forwarded` are believed. Default: none.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * PEM files for HTTPS; of several, a client gets the one for the name it asks for, or the first. Changed files are used within
   * seconds, without a restart. Default: plain HTTP.
   */
  readonly tls?: CertificatePaths | readonly CertificatePaths[] | undefined;
  /** What is kept of answers, of operations with `cache` and of routes with `cache`. */
  readonly cache?: GatewayCacheOptions | undefined;
  /** Routes to HTTP servers that are not on the mesh, for what no contract answers; and how operations are treated at some paths. */
  readonly routes?: readonly RouteSection[] | undefined;
  /** Folders of files, for what no contract answers. */
  readonly files?: readonly FilesSection[] | undefined;
  /** Compresses answers for clients that accept it; see the reference on what that tells an eavesdropper. Default: none are. */
  readonly compression?: CompressionOptions | undefined;
  /** Only its own pages, by these names, and programs may ask: others are 403, and 421 for other names. Default: everybody. */
  readonly ownPages?: OwnPages | undefined;
  /** Gives connections that somebody else accepted on the port. Default: the gateway listens itself. */
  readonly connections?: ConnectionSource | undefined;
  readonly logger?: Logger | undefined;
  /** Title and version of the OpenAPI document. */
  readonly info?: { readonly title: string; readonly version: string } | undefined;
}

/** The defaults. */
export const gatewayDefaults = {
  host: "127.0.0.1",
  port: 8080,
  bodyBytesMax: 1024 * 1024,
  headerBytesMax: 16 * 1024,
  upstreamDeadlineMs: 30_000,
  healthEveryMs: 5_000,
  cacheMb: 64,
} as const;
