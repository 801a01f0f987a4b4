import { LruMap, now } from "../../kit/index.ts";
import { type Rate, take, type Verdict } from "./core/gcra.ts";

/** Where requests are counted. */
export interface Counters {
  /** Counts one more. Rejects where it cannot be counted now. */
  take(key: string, rate: Rate): Verdict | Promise<Verdict>;
}

/** Keys counted at once; about 20 MB. With more, the one that was not used for longest begins anew. */
const keysMax = 100_000;

/** Counts in this process. */
export class LocalCounters implements Counters {
  readonly #flownOffAt = new LruMap<string, number>(keysMax);

  take(key: string, rate: Rate): Verdict {
    const [verdict, flownOffAt] = take(this.#flownOffAt.get(key), now(), rate);
    if (flownOffAt !== undefined) this.#flownOffAt.set(key, flownOffAt);
    return verdict;
  }
}
