import type { RequestVerifier } from "../contract/index.ts";
import type { FilesSection, GatewayCacheOptions, RouteSection } from "../gateway/index.ts";

/** Loads a module whose default export says who calls. Called only in the gateway's process. */
export type VerifierLoader = () => Promise<{ readonly default: RequestVerifier }>;
/** Who signs the tokens that the gateway accepts. */
export interface IssuerOptions {
  /** The `iss` claim. */
  readonly issuer: string;
  /** The `aud` claim, or several of which one is enough. Default: not checked. */
  readonly audience?: string | readonly string[];
  /** Allowed signature algorithms, such as `["EdDSA"]`. Never taken from the token. */
  readonly algorithms: readonly string[];
  /** Where the public keys come from: a URL, or an operation of the mesh (`"members.keys"`) that returns a JWKS. */
  readonly jwks: { readonly url: string } | { readonly operation: string };
  /** How much the issuer's clock may differ from ours, in seconds, to 300. Default 60. */
  readonly clockToleranceS?: number;
}

/** An API key as it is kept. */
export interface ApiKeyOptions {
  /** The public part of the key, 16 hexadecimal digits. */
  readonly id: string;
  /** SHA-256 of the key, 64 hexadecimal digits. */
  readonly hash: string;
  /** Who calls with it: the principal's subject. */
  readonly subject: string;
  /** The principal's scopes. Default none. */
  readonly scopes?: readonly string[];
  /** When it ends, as ISO 8601: `2027-01-31`. Default never. */
  readonly expires?: string;
}

/** Whose requests a {@link RateLimitSection} counts together. */
export const rateLimitSubjects = ["ip", "principal", "apiKey", "route"] as const;

/** `mesh`: each key is counted at the gateway that owns it. `redis`: in the Redis of `gateway.redis`. */
export const rateLimitShares = ["mesh", "redis"] as const;

/** This gateway counts for itself (`local`), the request passes (`open`), or it is 503 (`closed`). */
export const rateLimitFallbacks = ["local", "open", "closed"] as const;

/** How much each caller may ask for. */
export interface RateLimitSection {
  /** Its name in answers: letters, digits, `-` and `_`. */
  readonly name: string;
  /** See {@link rateLimitSubjects}. */
  readonly by: (typeof rateLimitSubjects)[number];
  /** So many requests ... */
  readonly requests: number;
  /** ... in so many seconds, evenly. */
  readonly perS: number;
  /** So many at once, by a caller that was quiet before. Default: `requests`. */
  readonly burst?: number;
  /** The operations it is about, as `["books.add"]`. Default: all. */
  readonly operations?: readonly string[];
  /** Where all gateways count together; see {@link rateLimitShares}. Default: each counts for itself. */
  readonly shared?: (typeof rateLimitShares)[number];
  /** What becomes of a request that cannot be counted there now. Default `"local"`; see {@link rateLimitFallbacks}. */
  readonly whenUnavailable?: (typeof rateLimitFallbacks)[number];
}

/** Which pages of other origins may read answers. */
export interface CorsSection {
  /** Origins as browsers write them, as `["https://shop.example"]`, or `["*"]` for all. */
  readonly origins: readonly string[];
  /** Headers that pages may send besides those that the gateway reads itself. Default none. */
  readonly headers?: readonly string[];
  /** Headers that pages may read besides those that the gateway writes itself. Default none. */
  readonly exposedHeaders?: readonly string[];
  /** Whether browsers may send cookies along. Default false; never with `*`. */
  readonly credentials?: boolean;
  /** How long browsers may remember what they may do, in s, to 86,400. Default 600. */
  readonly maxAgeS?: number;
}

/** PEM files, relative to the configuration file. */
export interface CertificateFiles {
  /** The certificate, and behind it those of the authorities between it and the root. */
  readonly cert: string;
  readonly key: string;
}

/** The HTTP edge. */
export interface GatewaySection {
  /** The port of the gateway. `PORT`, `--port`. Default 8080; 0 takes any free one. */
  readonly port?: number;
  /** The address it listens on. `DURE_GATEWAY_HOST`. Default: `host`. */
  readonly host?: string;
  /** Which pages of other origins may read answers. Default: none. */
  readonly cors?: CorsSection;
  /** How much each caller may ask for; above it 429. Default: no limits. */
  readonly rateLimits?: readonly RateLimitSection[];
  /**
   * The Redis of limits and of a cache that are `shared: "redis"`: `redis://...`, or `rediss://...` for TLS. `DURE_GATEWAY_REDIS`, which
   * is better where it holds a password. Needs the package `@redis/client`.
   */
  readonly redis?: string;
  /** How many processes share the port, 1 to 64; `"max"`: one for each core. Default 1. */
  readonly instances?: number | "max";
  /**
   * Certificates for HTTPS; of several, a client gets the one for the name it asks for, or the first. Changed files are used without a
   * restart. Default: plain HTTP.
   */
  readonly tls?: CertificateFiles | readonly CertificateFiles[];
  /**
   * Compresses answers (br, gzip) for clients that accept it; `{}` is enough. Default: none are, since the size of a compressed answer
   * can tell an eavesdropper what is in it (BREACH).
   */
  readonly compression?: {
    /** Smaller bodies stay as they are, in bytes. Default 1,024. */
    readonly bytesMin?: number;
  };
  /**
   * Addresses and networks of the proxies before the gateway, as `["10.0.0.0/8"]`. From them alone `X-Forwarded-For`, `X-Forwarded-Proto`
   * and `Forwarded` are believed. Default: nobody's.
   */
  readonly trustedProxies?: readonly string[];
  /** How callers prove who they are. Default: not at all, so that only public operations can be called over HTTP. */
  readonly auth?: {
    /** Whose JSON Web Tokens are accepted. */
    readonly issuers?: readonly IssuerOptions[];
    /** API keys, as `dure api-key` prints them: hashes, which are no secret. */
    readonly apiKeys?: readonly ApiKeyOptions[];
    /** Loads a verifier of the project's own, such as `() => import("./sessions.ts")`. It is asked first. */
    readonly verifier?: VerifierLoader;
  };
  /** The cache of operations and routes with `cache`. */
  readonly cache?: GatewayCacheOptions;
  /** Paths that HTTP servers outside of the mesh answer, where no contract does. Made by {@link route}. */
  readonly routes?: readonly RouteSection[];
  /**
   * Folders of files, relative to the configuration file, where no contract answers: `[{ folder: "web/dist", page: "index.html" }]`. They
   * are public.
   */
  readonly files?: readonly FilesSection[];
  /** Bounds of a request and of its connection. */
  readonly limits?: {
    /** Largest request body, in bytes. Default 1 MiB; above it 413. */
    readonly bodyBytesMax?: number;
    /** Largest request head (request line and headers), in bytes. Default 16 KiB; above it 431. */
    readonly headerBytesMax?: number;
    /** Header fields of a request at most. Default 100; above it 431. */
    readonly headersMax?: number;
    /** Time for a request's head from its first byte on, and for a TLS handshake, in ms. Default 10,000; then 408. */
    readonly headMsMax?: number;
    /** How long a client may pause while it sends its body or reads its answer, in ms. Default 10,000; then 408, or it is cut off. */
    readonly pauseMsMax?: number;
    /** How fast it must be on the whole while it does, in bytes a second. Default 2,048. */
    readonly bytesPerSecondMin?: number;
    /** How long an idle connection is kept, in ms. Default 65,000: longer than balancers keep theirs, so that they close first. */
    readonly keepAliveMs?: number;
    /** Requests on one connection; then it is closed. Default 10,000. */
    readonly requestsPerConnectionMax?: number;
    /** Connections at a time; further ones are closed at once. Default 10,000. */
    readonly connectionsMax?: number;
  };
}
