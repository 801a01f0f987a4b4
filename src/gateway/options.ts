import type { MeshNode } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { CertificatePaths } from "./edge-certificates.ts";
import type { Http1Limits } from "./http1/index.ts";

/** Whose tokens are accepted. */
export interface IssuerOptions {
  /** The `iss` claim, exactly. */
  readonly issuer: string;
  /** The `aud` claim; not checked without it. */
  readonly audience?: string | undefined;
  /** Accepted algorithms; anything else is refused, `none` always. */
  readonly algorithms: readonly string[];
  /** Where the keys are: a URL, or an operation of the mesh that returns a JWK Set, as `members.keys`. */
  readonly jwks: { readonly url: string } | { readonly operation: string };
}

/** How callers prove who they are. */
export interface AuthOptions {
  readonly issuers: readonly IssuerOptions[];
}

/** Bounds of a request and of its connection; the defaults of those that are not here are in {@link Http1Limits}. */
export interface GatewayLimits
  extends Partial<
    Pick<
      Http1Limits,
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
} as const;
