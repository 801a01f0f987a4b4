import { now } from "../../kit/index.ts";
import type { CacheEntry } from "./core/entry.ts";

/** A request to the origin on behalf of everybody who asks for the same now. It ends when nobody waits for it any more. */
export class Flight {
  readonly startedAt: number;
  /** What was stored of its answer; undefined if it cannot serve others. Rejects if no answer came. */
  readonly stored: Promise<CacheEntry | undefined>;
  readonly land: (entry: CacheEntry | undefined) => void;
  readonly fail: (error: Error) => void;
  readonly #gone = new AbortController();
  #waiting = 0;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
    const { promise, resolve, reject } = Promise.withResolvers<CacheEntry | undefined>();
    // Mostly nobody waits beside the one who asks.
    promise.catch(() => {});
    this.stored = promise;
    this.land = resolve;
    this.fail = reject;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Somebody waits for it until the signal says otherwise; without one until it ends. */
  join(signal: AbortSignal | undefined): void {
    this.#waiting += 1;
    const leave = () => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#gone.abort();
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  }
}

/** The flights for each key; only the first of several at once is for others. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  get(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  takeOff(key: string): Flight {
    const flight = new Flight(now());
    if (!this.#flights.has(key)) this.#flights.set(key, flight);
    const end = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.stored.then(end, end);
    return flight;
  }
}
