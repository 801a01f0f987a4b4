/**
 * The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a string of structured fields (RFC 9651, section 3.3.3),
 * `"k1"`. Many clients send the bare key, as Stripe's do, so `k1` is the same key.
 */

/** In the details of the failure that says that a key came before, with another request: over HTTP that is 422. */
export const idempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED";

const barePattern = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
const quotedPattern = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const lengthMax = 200;

/** The key that a header holds; undefined where it holds none that is valid. */
export function parseIdempotencyKey(header: string): string | undefined {
  const [, quoted] = quotedPattern.exec(header) ?? [];
  const key = quoted?.replace(/\\(.)/g, "$1") ?? (barePattern.test(header) ? header : undefined);
  return key !== undefined && key.length >= 1 && key.length <= lengthMax ? key : undefined;
}
