/**
 * The public keys of one issuer: kept, fetched anew while the former ones go on, and asked for again when a token names one that is not
 * there. Nothing is fetched by a timer: only tokens ask.
 *
 * ```
 * fetched ---- 10 min: as good as new ---- 24 h: used while new ones are fetched behind ---- nobody is let in without new ones
 * ```
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { asError, DureError, now } from "../../kit/index.ts";
import type { Logger } from "../../telemetry/index.ts";

/** Gets the issuer's keys; rejects where it cannot. */
export type FetchKeys = () => Promise<JSONWebKeySet>;

/** Older keys are fetched anew, while they are still used. What jose and most identity providers take for it, in ms. */
const freshMs = 10 * 60_000;
/** Keys that cannot be fetched anew for so long are not used any more, in ms: a withdrawn key must end some time. */
const usableMs = 24 * 3_600_000;
/** Keys that were just fetched are not fetched again for an unknown key id, in ms: anybody can make one up. */
const refetchMs = 10_000;
/** After a failure the next token may try again so much later, in ms. */
const afterFailureMs = 1_000;
/** Keys of one issuer. More is not a key set but an attack on memory. */
const keysMax = 100;

type KeySet = ReturnType<typeof createLocalJWKSet>;

export class IssuerKeys {
  readonly #issuer: string;
  readonly #fetchKeys: FetchKeys;
  readonly #logger: Logger;
  #keys: KeySet | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<boolean> | undefined;

  constructor(issuer: string, fetchKeys: FetchKeys, logger: Logger) {
    this.#issuer = issuer;
    this.#fetchKeys = fetchKeys;
    this.#logger = logger;
  }

  /** The key that a token names. Throws UNAVAILABLE where it cannot be had now, jose's errors where there is none. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current();
    try {
      return await keys(header, token);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown;
      if (now() - this.#fetchedAt < refetchMs) throw thrown;
      if (!(await this.#refresh())) throw this.#unavailable();
      return (this.#keys as KeySet)(header, token);
    }
  };

  async #current(): Promise<KeySet> {
    const ageMs = now() - this.#fetchedAt;
    if (this.#keys && ageMs < usableMs) {
      if (ageMs >= freshMs) void this.#refresh();
      return this.#keys;
    }
    if (!(await this.#refresh())) throw this.#unavailable();
    return this.#keys as KeySet;
  }

  /** Fetches once for all who ask meanwhile; false if there are no new keys. */
  #refresh(): Promise<boolean> {
    if (now() - this.#failedAt < afterFailureMs) return Promise.resolve(false);
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<boolean> {
    try {
      const set = await this.#fetchKeys();
      if (!(set.keys?.length <= keysMax)) {
        const reason = `not a JWK Set of at most ${keysMax} keys`;
        throw new DureError("DATA_LOSS", reason);
      }
      this.#keys = createLocalJWKSet(set);
      this.#fetchedAt = now();
      return true;
    } catch (thrown) {
      this.#failedAt = now();
      const reason = asError(thrown).message;
      this.#logger.warn("an issuer's keys cannot be fetched", { issuer: this.#issuer, reason });
      return false;
    }
  }

  #unavailable(): DureError {
    return new DureError("UNAVAILABLE", `the keys of ${this.#issuer} cannot be fetched now`);
  }
}
