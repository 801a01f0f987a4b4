import { after } from "../kit/index.ts";
import type { MetricFamily } from "../telemetry/index.ts";

/** A process answers within milliseconds, unless it is frozen or busy; whoever looks at the others should not wait for it. In ms. */
const answerMsMax = 1_000;

/** Asks one process for its metrics. */
export class MetricsReader {
  readonly #ask: (id: number) => void;
  readonly #waiting = new Map<number, (families: readonly MetricFamily[]) => void>();
  #nextId = 1;

  constructor(ask: (id: number) => void) {
    this.#ask = ask;
  }

  /** Resolves to nothing where no answer comes in time. */
  read(): Promise<readonly MetricFamily[]> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      const timer = after(answerMsMax, () => this.answered(id, []));
      this.#waiting.set(id, (families) => {
        timer.cancel();
        resolve(families);
      });
      this.#ask(id);
    });
  }

  answered(id: number, families: readonly MetricFamily[]): void {
    this.#waiting.get(id)?.(families);
    this.#waiting.delete(id);
  }
}
