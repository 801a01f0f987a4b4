/**
 * Verifies JSON Web Tokens by the issuers' keys. jose does the cryptography; what is decided here is which keys, which algorithms, and
 * how long a verified token is remembered.
 *
 * Sources: RFC 7519 (JWT); RFC 8725 (best practices): algorithms come from the configuration (3.1), keys from the issuer (3.8), and neither
 * from the token, whose `jku`, `x5u` and `jwk` are never read (3.10).
 */
import { hash } from "node:crypto";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import type { Principal } from "../../contract/index.ts";
import { asError, DureError, LruMap, wallTime } from "../../kit/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { type IssuerOptions, signatureAlgorithms } from "../options.ts";
import type { Authentication, NotProven, ProvenPrincipal } from "./authentication.ts";
import { type FetchKeys, IssuerKeys } from "./issuer-keys.ts";

const clockToleranceS = 60;
/** Verified tokens remembered, so that each is not verified at every request. */
const verifiedMax = 10_000;
/** The longest that a token is remembered, in ms: a key that its issuer withdrew must not live on in this memory. */
const verifiedMsMax = 5 * 60_000;

interface Verified extends ProvenPrincipal {
  readonly untilMs: number;
}

interface Issuer {
  readonly options: IssuerOptions;
  readonly keys: IssuerKeys;
}

export class JwtVerifier {
  readonly #issuers = new Map<string, Issuer>();
  readonly #verified = new LruMap<string, Verified>(verifiedMax);
  readonly #logger: Logger;

  /** Throws INVALID_ARGUMENT for issuers that could not be told apart, or whose tokens could not be trusted. */
  constructor(
    issuers: readonly IssuerOptions[],
    sourceOf: (jwks: IssuerOptions["jwks"]) => FetchKeys,
    logger: Logger,
  ) {
    this.#logger = logger;
    for (const options of issuers) {
      const { issuer, jwks } = options;
      checkIssuer(options, this.#issuers.has(issuer));
      if ("url" in jwks && isReadableOnTheWay(new URL(jwks.url))) {
        const message = "an issuer's keys are fetched without encryption: use https";
        logger.warn(message, { issuer, url: jwks.url });
      }
      const keys = new IssuerKeys(issuer, sourceOf(jwks), logger);
      this.#issuers.set(issuer, { options, keys });
    }
  }

  /** Whose token it is. */
  verify(token: string): Authentication | Promise<Authentication> {
    const digest = hash("sha256", token, "base64");
    const known = this.#verified.get(digest);
    return known && known.untilMs > wallTime() ? known : this.#verifyUnknown(token, digest);
  }

  async #verifyUnknown(token: string, digest: string): Promise<Authentication> {
    try {
      const verified = await this.#verifyNew(token);
      if (verified.kind === "principal") this.#verified.set(digest, verified);
      return verified;
    } catch (thrown) {
      this.#logger.debug("a token was refused", { reason: asError(thrown).message });
      if (thrown instanceof DureError)
        return { kind: "unavailable", reason: "the issuer's keys cannot be fetched now" };
      return { kind: "refused", reason: reasonOf(thrown) };
    }
  }

  async #verifyNew(token: string): Promise<Verified | NotProven> {
    const issuer = this.#issuers.get(decodeJwt(token).iss ?? "");
    if (!issuer) return { kind: "refused", reason: "the token's issuer is not accepted here" };
    const { algorithms, audience, clockToleranceS: tolerance = clockToleranceS } = issuer.options;
    const { payload } = await jwtVerify(token, issuer.keys.find, {
      issuer: issuer.options.issuer,
      algorithms: [...algorithms],
      clockTolerance: tolerance,
      currentDate: new Date(wallTime()),
      requiredClaims: ["exp", "sub"],
      ...(audience ? { audience: typeof audience === "string" ? audience : [...audience] } : {}),
    });
    if (typeof payload.sub !== "string" || payload.sub === "")
      return { kind: "refused", reason: "the token names nobody" };
    const principal = toPrincipal(payload);
    const untilMs = Math.min((payload.exp ?? 0) * 1_000, wallTime() + verifiedMsMax);
    return { kind: "principal", principal, text: JSON.stringify(principal), untilMs };
  }
}

/** Whoever can change keys on the way can sign as anybody. */
function isReadableOnTheWay({ protocol, hostname }: URL): boolean {
  return protocol !== "https:" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}

function checkIssuer({ issuer, algorithms }: IssuerOptions, isKnown: boolean): void {
  const where = `gateway.auth.issuers: "${issuer}"`;
  if (isKnown)
    throw new DureError("INVALID_ARGUMENT", `${where} is there twice; join the two entries`);
  const unfit = algorithms.find((name) => !signatureAlgorithms.some((known) => known === name));
  if (unfit === undefined) return;
  throw new DureError(
    "INVALID_ARGUMENT",
    `${where}: the algorithm "${unfit}" proves nothing with keys that everybody may read; take one of ${signatureAlgorithms.join(", ")}`,
  );
}

/** What the owner of the token can use; nothing that would help to forge one. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof errors.JWTExpired) return "the token has expired";
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    if (thrown.reason === "missing") return `the token has no claim "${thrown.claim}"`;
    if (thrown.claim === "nbf") return "the token is not valid yet";
    if (thrown.claim === "aud") return "the token is for somebody else";
  }
  if (thrown instanceof errors.JWKSNoMatchingKey)
    return "the token names a key unknown to its issuer";
  return "the token is not valid";
}

function toPrincipal({ sub = "", scope, scopes, ...rest }: JWTPayload): Principal {
  const listed = typeof scope === "string" ? scope.split(" ").filter(Boolean) : (scope ?? scopes);
  return {
    subject: sub,
    scopes: Array.isArray(listed) ? listed.filter((one) => typeof one === "string") : [],
    claims: rest,
  };
}
