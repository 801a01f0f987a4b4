/**
 * How many retries a caller may add to the load it makes: a share of its calls and a small floor. Without it, retries turn a
 * slow callee into a dead one. A leaky bucket: each call pours in `share`, time pours in the floor, each retry takes one out. What
 * lies in it may be the share of `windowMs` of calls, so that all that an instance had at work when it died can be asked elsewhere at
 * once, or `burst` where there are few calls.
 * Source: Finagle's RetryBudget (20 %, 10/s over 10 s); the floor is lower here because budgets of several hops add up.
 */
export interface RetryBudgetOptions {
  /** Retries allowed per call. */
  readonly share: number;
  /** Retries allowed per second without any calls. */
  readonly floorPerSecond: number;
  /** Retries that can be saved up, however few calls there are. */
  readonly burst: number;
  /** Of the calls of so long the share can be saved up, in ms. */
  readonly windowMs: number;
}

export const defaultRetryBudget: RetryBudgetOptions = {
  share: 0.2,
  floorPerSecond: 1,
  burst: 10,
  windowMs: 10_000,
};

/**
 * For attempts beside a first one that goes on: a twentieth of the calls, what "The Tail at Scale" pays for hedging. Slowness is shared by
 * all calls of a busy machine, and asking twice then makes it busier. Saved up it is half a second of calls, so that all that a frozen
 * instance has at work when it is noticed, after 150 ms, can be asked elsewhere.
 */
export const companionBudget: RetryBudgetOptions = { ...defaultRetryBudget, share: 0.05 };

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #balance: number;
  #filledAt: number;
  #windowEndsAt: number;
  /** Calls of this window so far, and of the one before. */
  #calls = 0;
  #callsBefore = 0;

  constructor(options: RetryBudgetOptions, now: number) {
    this.#options = options;
    this.#balance = options.burst;
    this.#filledAt = now;
    this.#windowEndsAt = now + options.windowMs;
  }

  /** A call is made (retries do not count). */
  onCall(now: number): void {
    if (now >= this.#windowEndsAt) this.#nextWindow(now);
    this.#calls += 1;
    this.#balance = Math.min(this.#most, this.#balance + this.#options.share);
  }

  /** Whether a retry may be made now; if so, it is counted. */
  tryTake(now: number): boolean {
    if (this.balance(now) < 1) return false;
    this.#balance -= 1;
    return true;
  }

  /** Retries that may be made now, with what is left of a further one. */
  balance(now: number): number {
    if (now >= this.#windowEndsAt) this.#nextWindow(now);
    const filled = ((now - this.#filledAt) / 1_000) * this.#options.floorPerSecond;
    this.#balance = Math.min(this.#most, this.#balance + filled);
    this.#filledAt = now;
    return this.#balance;
  }

  get #most(): number {
    const { burst, share } = this.#options;
    return Math.max(burst, share * Math.max(this.#calls, this.#callsBefore));
  }

  #nextWindow(now: number): void {
    const { windowMs } = this.#options;
    const isNext = now < this.#windowEndsAt + windowMs;
    this.#callsBefore = isNext ? this.#calls : 0;
    this.#calls = 0;
    this.#windowEndsAt = now + windowMs;
  }
}
