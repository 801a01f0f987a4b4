/**
 * How many retries a caller may add to the load it makes: a share of its calls and a small floor. Without it, retries turn a
 * slow callee into a dead one. A leaky bucket: each call pours in `share`, time pours in the floor, each retry takes one out.
 * Source: Finagle's RetryBudget (20 %, 10/s over 10 s); the floor is lower here because budgets of several hops add up.
 */
export interface RetryBudgetOptions {
  /** Retries allowed per call. */
  readonly share: number;
  /** Retries allowed per second without any calls. */
  readonly floorPerSecond: number;
  /** Retries that can be saved up. */
  readonly burst: number;
}

export const defaultRetryBudget: RetryBudgetOptions = { share: 0.2, floorPerSecond: 1, burst: 10 };

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #balance: number;
  #filledAt: number;

  constructor(options: RetryBudgetOptions, now: number) {
    this.#options = options;
    this.#balance = options.burst;
    this.#filledAt = now;
  }

  /** A call is made (retries do not count). */
  onCall(): void {
    this.#balance = Math.min(this.#options.burst, this.#balance + this.#options.share);
  }

  /** Whether a retry may be made now; if so, it is counted. */
  tryTake(now: number): boolean {
    const { floorPerSecond, burst } = this.#options;
    this.#balance = Math.min(
      burst,
      this.#balance + ((now - this.#filledAt) / 1_000) * floorPerSecond,
    );
    this.#filledAt = now;
    if (this.#balance < 1) return false;
    this.#balance -= 1;
    return true;
  }
}
