/**
 * Who calls: verifies bearer tokens by the issuers' keys. jose does the cryptography; what is decided here is which keys, which
 * algorithms, how often keys are fetched, and how long a verified token is remembered.
 */
import { createHash } from "node:crypto";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import type { Principal } from "../contract/index.ts";
import { asError, DureError, LruMap, now, wallTime } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { AuthOptions, IssuerOptions } from "./options.ts";

const tokenLengthMax = 8 * 1024;
const clockToleranceS = 60;
/** An unknown key id asks for the keys again, at most this often. */
const refetchMs = 10_000;
/** Verified tokens remembered, so that each is verified once. */
const verifiedMax = 10_000;

interface Verified {
  readonly principal: Principal;
  readonly principalText: string;
  readonly expiresAtMs: number;
}

interface Issuer {
  readonly options: IssuerOptions;
  readonly keys: JWTVerifyGetKey;
}

/** What a request's credentials came to. */
export type Authentication =
  | { readonly kind: "principal"; readonly principal: Principal; readonly text: string }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: string }
  /** The keys cannot be had now. */
  | { readonly kind: "unavailable"; readonly reason: string };

export class JwtVerifier {
  readonly #issuers = new Map<string, Issuer>();
  readonly #verified = new LruMap<string, Verified>(verifiedMax);
  readonly #logger: Logger;

  constructor(options: AuthOptions | undefined, node: MeshNode, logger: Logger) {
    this.#logger = logger;
    for (const issuer of options?.issuers ?? []) {
      const { jwks } = issuer;
      const keys =
        "url" in jwks
          ? createRemoteJWKSet(new URL(jwks.url), { cooldownDuration: refetchMs })
          : meshKeys(node, jwks.operation);
      this.#issuers.set(issuer.issuer, { options: issuer, keys });
    }
  }

  /** Reads the `Authorization` header. */
  async authenticate(header: string | undefined): Promise<Authentication> {
    if (header === undefined) return { kind: "none" };
    const [, token] = /^Bearer +([A-Za-z0-9\-_.]+)$/i.exec(header) ?? [];
    if (!token)
      return { kind: "refused", reason: "the Authorization header is not a bearer token" };
    if (token.length > tokenLengthMax)
      return {
        kind: "refused",
        reason: `the token has ${token.length} characters; the limit is ${tokenLengthMax}`,
      };
    const digest = createHash("sha256").update(token).digest("base64");
    const known = this.#verified.get(digest);
    if (known && known.expiresAtMs > wallTime())
      return { kind: "principal", principal: known.principal, text: known.principalText };
    return this.#verify(token, digest);
  }

  async #verify(token: string, digest: string): Promise<Authentication> {
    try {
      const issuer = this.#issuers.get(decodeJwt(token).iss ?? "");
      if (!issuer) return { kind: "refused", reason: "the token's issuer is not accepted here" };
      const { algorithms, audience } = issuer.options;
      const { payload } = await jwtVerify(token, issuer.keys, {
        issuer: issuer.options.issuer,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceS,
        requiredClaims: ["exp", "sub"],
        ...(audience ? { audience } : {}),
      });
      const principal = toPrincipal(payload);
      const text = JSON.stringify(principal);
      this.#verified.set(digest, {
        principal,
        principalText: text,
        expiresAtMs: (payload.exp ?? 0) * 1_000,
      });
      return { kind: "principal", principal, text };
    } catch (thrown) {
      const error = asError(thrown);
      this.#logger.debug("a token was refused", { reason: error.message });
      if (thrown instanceof DureError)
        return { kind: "unavailable", reason: "the issuer's keys cannot be fetched now" };
      const isExpired = thrown instanceof errors.JWTExpired;
      return {
        kind: "refused",
        reason: isExpired ? "the token has expired" : "the token is not valid",
      };
    }
  }
}

function toPrincipal({ sub = "", scope, scopes, ...rest }: JWTPayload): Principal {
  const listed = typeof scope === "string" ? scope.split(" ").filter(Boolean) : (scope ?? scopes);
  return {
    subject: sub,
    scopes: Array.isArray(listed) ? listed.filter((one) => typeof one === "string") : [],
    claims: rest,
  };
}

/** Keys from an operation of the mesh: kept, and asked for again when a token names one that is not there. */
function meshKeys(node: MeshNode, name: string): JWTVerifyGetKey {
  const [service = "", operation = ""] = name.split(".");
  const ref = { service, operation, contractHash: "" };
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;
  const fetchKeys = async () => {
    const { outcome } = node.call({
      ref,
      body: "",
      isIdempotent: true,
      head: { deadlineMs: 2_000 },
    });
    const result = await outcome;
    if (!result.ok)
      throw new DureError("UNAVAILABLE", `keys from ${name}: ${result.failure.message}`);
    keys = createLocalJWKSet(
      JSON.parse(Buffer.from(result.response.body).toString()) as JSONWebKeySet,
    );
    fetchedAt = now();
  };
  const refresh = () => {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };
  return async (header, token) => {
    if (!keys) await refresh();
    try {
      return await (keys as NonNullable<typeof keys>)(header, token);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey) || now() - fetchedAt < refetchMs)
        throw thrown;
      await refresh();
      return await (keys as NonNullable<typeof keys>)(header, token);
    }
  };
}
