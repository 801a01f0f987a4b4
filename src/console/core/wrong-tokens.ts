import { LruMap } from "../../kit/index.ts";

/** So many wrong tokens from one address are answered as such ... */
const freeTries = 10;
/** ... in so long; then it has to wait for the rest of that time. */
const windowMs = 60_000;
/** Addresses that are remembered. */
const addressesMax = 10_000;

/**
 * Who tries tokens. They cannot be guessed; this keeps whoever tries from filling the log. A right token always passes: many people
 * may share an address, on loopback all do.
 */
export class WrongTokens {
  readonly #tries = new LruMap<string, { readonly startedAt: number; readonly count: number }>(
    addressesMax,
  );

  /** Notes a wrong one; gives back how long that address has to wait, in s, or 0. @param at monotonic, in ms */
  add(address: string, at: number): number {
    const known = this.#tries.get(address);
    const isNew = !known || at - known.startedAt >= windowMs;
    const { startedAt, count } = isNew ? { startedAt: at, count: 0 } : known;
    this.#tries.set(address, { startedAt, count: count + 1 });
    return count < freeTries ? 0 : Math.ceil((startedAt + windowMs - at) / 1_000);
  }
}
