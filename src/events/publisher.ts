import type { ClientOf } from "../contract/index.ts";
import { asError, DureError, now, sleep, TimerWheel } from "../kit/index.ts";
import { AppendWindow } from "./append-window.ts";
import { checkedSize } from "./core/sizes.ts";
import type { eventLog } from "./log-contract.ts";
import type { NewEvent } from "./types.ts";

/** Events that wait to be sent; one more is refused: RESOURCE_EXHAUSTED. */
const waitingMax = 20_000;
const waitingBytesMax = 32 * 1024 * 1024;
const againMs = 100;

/** Sends a node's events to the log in their order, as long as not too many wait. */
export class Publisher {
  readonly #client: ClientOf<typeof eventLog>;
  readonly #source: string;
  readonly #wheel = new TimerWheel();
  readonly #window: AppendWindow;
  #waitingCount = 0;
  #waitingBytes = 0;
  #delayedCount = 0;

  /** @param source names this publisher among all. */
  constructor(client: ClientOf<typeof eventLog>, source: string) {
    this.#client = client;
    this.#source = source;
    this.#window = new AppendWindow({
      client,
      source,
      onTaken: (count, chars) => {
        this.#waitingCount -= count;
        this.#waitingBytes -= chars;
      },
    });
  }

  /** Resolves once the event is on the log's disk. After a rejection other than INVALID_ARGUMENT it may be there or not. */
  publish(event: NewEvent, deadlineMs: number): Promise<void> {
    let bytes: number;
    try {
      bytes = checkedSize(event);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    if (this.#waitingCount >= waitingMax || this.#waitingBytes + bytes > waitingBytesMax) {
      const message = `event ${event.topic}: ${this.#waitingCount} events wait for the event log already; publish more slowly`;
      return Promise.reject(new DureError("RESOURCE_EXHAUSTED", message, { sent: "no" }));
    }
    this.#waitingCount += 1;
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      const entry = this.#wheel.add(now() + deadlineMs, () =>
        reject(
          new DureError(
            "DEADLINE_EXCEEDED",
            `event ${event.topic} was not stored within ${Math.round(deadlineMs)} ms`,
            { sent: "unknown" },
          ),
        ),
      );
      this.#window.push({
        event,
        chars: bytes,
        resolve: () => {
          this.#wheel.remove(entry);
          resolve();
        },
        reject: (error) => {
          this.#wheel.remove(entry);
          reject(error);
        },
      });
    });
  }

  /** Resolves once it is on the log's disk that the event is to be published then. Rejects with RESOURCE_EXHAUSTED when too many wait. */
  async publishLater(event: NewEvent, delayMs: number, deadlineMs: number): Promise<void> {
    this.#delayedCount += 1;
    const id = `${this.#source}/${this.#delayedCount}`;
    const giveUpAt = now() + deadlineMs;
    const delayed = { id, event, delayMs: Math.ceil(delayMs) };
    for (;;) {
      try {
        return await this.#client.delay(delayed, { deadlineMs: Math.max(1, giveUpAt - now()) });
      } catch (thrown) {
        const { code } = asError(thrown) as DureError;
        if (code !== "UNAVAILABLE" || now() + againMs >= giveUpAt) throw thrown;
      }
      await sleep(againMs);
    }
  }

  close(): void {
    this.#window.close();
  }
}
