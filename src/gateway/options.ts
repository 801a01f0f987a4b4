import type { RequestVerifier } from "../contract/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { CompressionOptions } from "./compression/index.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import type { CertificatePaths } from "./edge-certificates.ts";

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

/** How a route goes to HTTP servers that are not on the mesh. */
export interface RouteOptions {
  /** `http://host:port`, or several that do the same. */
  readonly upstream: string | readonly string[];
  /** `public`: the upstream looks after itself. Default: only with a token that the gateway accepts. */
  readonly auth?: "public";
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[];
  /** The answer must begin within this time, in ms; then 504. Default 30,000. */
  readonly deadlineMs?: number;
  /** Largest body of a request, in bytes; above it 413. Default: the gateway's. */
  readonly bodyBytesMax?: number;
  /** A path that answers 200 to 399 on a healthy server. Two failed checks in a row take it out, a good one brings it back. */
  readonly health?: {
    readonly path: string;
    /** Default 5,000. */
    readonly everyMs?: number;
  };
}

/** A route to HTTP servers, as data. */
export interface RouteSection extends RouteOptions {
  /** As in contracts: `/legacy/*`, `/users/:id/avatar`. */
  readonly path: string;
}

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
  /** Routes to HTTP servers that are not on the mesh, for what no contract answers. */
  readonly routes?: readonly RouteSection[] | undefined;
  /** Compresses answers for clients that accept it; see the reference on what that tells an eavesdropper. Default: none are. */
  readonly compression?: CompressionOptions | undefined;
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
} as const;
