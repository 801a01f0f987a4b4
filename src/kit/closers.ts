import { asError } from "./error.ts";

/** Things to close, in the reverse of the order in which they were opened. */
export class Closers {
  readonly #closers: (() => unknown)[] = [];

  /** Remembers how to undo what was just opened. */
  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Closes everything, last opened first; goes on past failures and throws them together at the end. */
  async close(): Promise<void> {
    const failures: Error[] = [];
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) {
      try {
        await close();
      } catch (thrown) {
        failures.push(asError(thrown));
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1)
      throw new AggregateError(failures, "several parts did not close cleanly");
  }
}
