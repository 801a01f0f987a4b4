/**
 * API keys, kept as hashes. A key is 256 random bits, so one round of SHA-256 is enough: slow hashes are for what people choose
 * (OWASP Password Storage Cheat Sheet), and these could not be guessed in the age of the universe.
 *
 * ```
 * dure_3f9a0c1d2e4b5a69_mZ8...   43 characters of base64url
 *      public: which key it is    secret
 * ```
 * The prefix is there for scanners that look for secrets in repositories.
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { DureError, wallTime } from "../../kit/index.ts";
import type { ApiKeyOptions } from "../options.ts";
import type { Authentication } from "./authentication.ts";

const keyPattern = /^dure_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
const hashPattern = /^[0-9a-f]{64}$/;
const idPattern = /^[0-9a-f]{16}$/;
const unknownKey: Authentication = { kind: "refused", reason: "the API key is not accepted here" };

interface KnownKey {
  readonly hash: Buffer;
  readonly expiresAtMs: number;
  readonly proven: Authentication;
}

/** A key that was just made. */
export interface NewApiKey {
  /** To be given to its owner, and kept nowhere else. */
  readonly key: string;
  readonly id: string;
  /** SHA-256 of the key in hexadecimal, for the configuration. */
  readonly hash: string;
}

/** Makes a key. */
export function createApiKey(): NewApiKey {
  const id = randomBytes(8).toString("hex");
  const key = `dure_${id}_${randomBytes(32).toString("base64url")}`;
  return { key, id, hash: hashOf(key).toString("hex") };
}

export class ApiKeys {
  readonly #keys: ReadonlyMap<string, KnownKey>;

  /** Throws INVALID_ARGUMENT for an entry that no key could fit. */
  constructor(options: readonly ApiKeyOptions[]) {
    this.#keys = new Map(options.map((entry) => [entry.id, knownKey(entry)]));
    if (this.#keys.size === options.length) return;
    throw new DureError("INVALID_ARGUMENT", "gateway.auth.apiKeys: two entries have the same id");
  }

  /** Whose key it is; undefined for what is no API key at all. */
  verify(token: string): Authentication | undefined {
    const [, id] = keyPattern.exec(token) ?? [];
    if (id === undefined) return undefined;
    const known = this.#keys.get(id);
    if (!known || !timingSafeEqual(known.hash, hashOf(token))) return unknownKey;
    if (known.expiresAtMs > wallTime()) return known.proven;
    return { kind: "refused", reason: "the API key has expired" };
  }
}

function knownKey({ id, hash, subject, scopes = [], expires }: ApiKeyOptions): KnownKey {
  const expiresAtMs = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
  if (!idPattern.test(id) || !hashPattern.test(hash) || Number.isNaN(expiresAtMs)) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `gateway.auth.apiKeys: the entry of "${subject}" is not what dure api-key printed`,
    );
  }
  const principal = { subject, scopes, claims: { apiKey: id } };
  const text = JSON.stringify(principal);
  const proven: Authentication = { kind: "principal", principal, text, apiKey: id };
  return { hash: Buffer.from(hash, "hex"), expiresAtMs, proven };
}

function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
