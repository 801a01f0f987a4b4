/** How many ordinary traces are kept. Those with an error or a slow span are kept in any case. */
export interface SamplingOptions {
  /** New traces of this node that are kept in each second, before the share counts. Default 10: with little to do all are kept. */
  readonly perSecond?: number | undefined;
  /** Of the traces beyond them, this share, from 0 to 1. Default 0.01. */
  readonly share?: number | undefined;
}

/** What holds where nothing is said. */
const samplingDefaults = { perSecond: 10, share: 0.01 } as const;

/**
 * Decides for a new trace whether it is kept whole. Where it begins it is decided, and the decision travels with it (the sampled flag of
 * `traceparent`), so that all nodes agree. The share goes by the trace id.
 */
export class Sampler {
  readonly #perSecond: number;
  readonly #shareLimit: number;
  #tokens: number;
  #at: number | undefined;

  constructor(options: SamplingOptions = {}) {
    const { perSecond = samplingDefaults.perSecond, share = samplingDefaults.share } = options;
    this.#perSecond = perSecond;
    this.#shareLimit = share * 0x1_0000_0000;
    this.#tokens = perSecond;
  }

  /** @param lastWord the last 32 bits of the trace id. @param time on the clock of `now()`. */
  isKept(lastWord: number, time: number): boolean {
    if (lastWord >>> 0 < this.#shareLimit) return true;
    const since = time - (this.#at ?? time);
    this.#at = time;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (since * this.#perSecond) / 1_000);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
