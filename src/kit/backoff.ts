import { random } from "./scheduler.ts";

/** When to try again. */
export interface BackoffOptions {
  /** The shortest wait, in ms. */
  readonly baseMs: number;
  /** No wait is longer, in ms. Applied after the jitter, or many waits would be exactly this long and come at once. */
  readonly capMs: number;
}

/**
 * Exponential back-off with decorrelated jitter: each wait is drawn between `baseMs` and three times the former one.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #formerMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#formerMs = options.baseMs;
  }

  /** The next wait, in ms. */
  nextMs(): number {
    const { baseMs, capMs } = this.#options;
    const drawnMs = baseMs + random() * (this.#formerMs * 3 - baseMs);
    this.#formerMs = Math.min(capMs, drawnMs);
    return this.#formerMs;
  }

  /** Call it when things went well for long enough: the next wait is short again. */
  reset(): void {
    this.#formerMs = this.#options.baseMs;
  }
}
