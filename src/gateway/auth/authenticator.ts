import type { MeshNode } from "../../mesh/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { Exchange } from "../exchange.ts";
import type { AuthOptions } from "../options.ts";
import { ApiKeys } from "./api-keys.ts";
import type { Authentication } from "./authentication.ts";
import { verifyByOwnMeans } from "./custom-verifier.ts";
import { JwtVerifier } from "./jwt.ts";
import { keySource } from "./key-sources.ts";

/** Longest bearer token, in characters. */
const tokenLengthMax = 8 * 1024;
/** RFC 6750, section 2.1. */
const bearerPattern = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

type Identified = Authentication | undefined;

/** Finds out who calls: by the project's own verifier, then by API key, then by JSON Web Token. */
export class Authenticator {
  readonly #verifier: AuthOptions["verifier"];
  readonly #apiKeys: ApiKeys;
  readonly #jwt: JwtVerifier;
  readonly #node: MeshNode;
  readonly #logger: Logger;

  /** Throws INVALID_ARGUMENT for options that would not protect anything. */
  constructor(options: AuthOptions, node: MeshNode, logger: Logger) {
    this.#verifier = options.verifier;
    this.#apiKeys = new ApiKeys(options.apiKeys ?? []);
    this.#jwt = new JwtVerifier(options.issuers ?? [], (jwks) => keySource(jwks, node), logger);
    this.#node = node;
    this.#logger = logger;
  }

  /** Undefined where the request brings no credentials. */
  identify(exchange: Exchange): Identified | Promise<Identified> {
    if (!this.#verifier) return this.#identifyByHeader(exchange);
    const surroundings = { node: this.#node, logger: this.#logger };
    return verifyByOwnMeans(exchange, this.#verifier, surroundings).then(
      (byOwnMeans) => byOwnMeans ?? this.#identifyByHeader(exchange),
    );
  }

  #identifyByHeader(exchange: Exchange): Identified | Promise<Identified> {
    const header = exchange.header("authorization");
    return header === undefined ? undefined : this.#identifyBearer(header);
  }

  #identifyBearer(header: string): Authentication | Promise<Authentication> {
    const [, token] = bearerPattern.exec(header) ?? [];
    if (!token)
      return { kind: "refused", reason: "the Authorization header is not a bearer token" };
    if (token.length > tokenLengthMax) {
      const reason = `the token has ${token.length} characters; the limit is ${tokenLengthMax}`;
      return { kind: "refused", reason };
    }
    return this.#apiKeys.verify(token) ?? this.#jwt.verify(token);
  }
}
