import type { ClientOf } from "../contract/index.ts";
import { asError, sleep, wallTime } from "../kit/index.ts";
import type { EventSchedule } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { packBatch } from "./core/packed-events.ts";
import type { eventLog } from "./log-contract.ts";

/** What a {@link Ticker} works with. */
export interface TickerOptions {
  readonly client: ClientOf<typeof eventLog>;
  readonly schedule: EventSchedule;
  readonly logger: Logger;
}

const againMs = 1_000;
/** The clock is looked at so often, in ms, since it may be set. */
const lookMs = 60_000;

/**
 * Tells the log when it is time. All instances of a service do so under one name and the same number, the time itself, so the log stores
 * the first and knows the others as copies of it.
 */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #stop = new AbortController();

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#run().catch((thrown) => {
      if (this.#stop.signal.aborted) return;
      const { logger, schedule } = this.#options;
      const facts = { schedule: schedule.name, reason: asError(thrown).message };
      logger.error("a schedule ended; only a restart of the service begins it again", facts);
    });
  }

  close(): void {
    this.#stop.abort();
  }

  /** Rejects when it is closed. */
  async #run(): Promise<void> {
    const { schedule } = this.#options;
    let at = schedule.next(wallTime());
    while (at !== undefined) {
      await sleep(Math.min(lookMs, Math.max(0, at - wallTime())), this.#stop.signal);
      if (wallTime() < at) continue;
      await this.#tell(at);
      // One that was missed, because the machine slept, is told of; those before it are not.
      at = schedule.next(Math.max(at, wallTime() - 1));
    }
  }

  async #tell(at: number): Promise<void> {
    const { client, schedule, logger } = this.#options;
    const { topic, name } = schedule;
    const event = { topic, key: name, head: "{}", body: JSON.stringify({ at }) };
    const giveUpAt = schedule.next(at) ?? Number.POSITIVE_INFINITY;
    for (;;) {
      try {
        const origin = { source: `${topic} ${name}`, epoch: at, seq: 0 };
        return void (await client.append(packBatch({ ...origin, events: [event] })));
      } catch (thrown) {
        // ABORTED: another instance, whose clock is ahead, has told of a later time.
        if ((thrown as { code?: string }).code === "ABORTED") return;
        if (wallTime() + againMs >= giveUpAt) {
          const facts = { schedule: name, topic, at, reason: asError(thrown).message };
          return logger.error("a scheduled time passed while the event log was away", facts);
        }
      }
      await sleep(againMs, this.#stop.signal);
    }
  }
}
