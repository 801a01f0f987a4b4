import type { Exchange } from "./exchange.ts";

/**
 * Says when the client of an exchange is gone. The signal is made when it is first asked for: an answer out of the cache needs none, and one
 * costs as much as finding it.
 */
export class ClientSignal {
  readonly #exchange: Exchange;
  #gone: AbortController | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = new AbortController();
      this.#gone = gone;
      this.#exchange.onAbort(() => gone.abort());
    }
    return this.#gone.signal;
  }
}
