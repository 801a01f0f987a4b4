import { asError, now, random, wallTime } from "../kit/index.ts";
import type { EventSubscription } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { OwnLane } from "./committer.ts";
import type { Job, KeyOrder } from "./core/key-order.ts";
import { orderKeyOf } from "./core/lanes.ts";
import { afterFailure, retryDelayMsMax } from "./core/retry-plan.ts";
import type { ParkedEvent } from "./types.ts";

/** What works on a member's events. */
export interface EventWorkerOptions {
  readonly subscription: EventSubscription;
  readonly logger: Logger;
  readonly order: KeyOrder;
  readonly lanes: ReadonlyMap<number, OwnLane>;
  /** An event has ended. */
  onEnded(): void;
}

/**
 * Events begun in one turn of the event loop: between turns the next ones come in and are asked for, and whatever else the node does is
 * not held up.
 */
const turnMax = 128;

/** Gives events to their handler, as many at once as the subscription says, and decides what becomes of those that fail. */
export class EventWorker {
  readonly #options: EventWorkerOptions;
  readonly #startedAt = wallTime() - now();
  /** Events at work, by lane. */
  readonly #running = new Map<number, number>();
  #count = 0;
  #isStopped = false;
  /** It goes on in the next turn of the event loop. */
  #isDue = false;

  constructor(options: EventWorkerOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** Whether a handler runs for a lane; it may be one from before the lane went away and came back. */
  isBusy(lane: number): boolean {
    return this.#running.has(lane);
  }

  /** Begins what may begin now; what ends at once makes room for the next, if not in this turn of the event loop, then in one of the next. */
  run(): void {
    const { concurrency } = this.#options.subscription;
    const time = this.#time();
    for (let begun = 0; this.#count < concurrency && !this.#isStopped; begun += 1) {
      if (begun === turnMax) return this.#runSoon();
      const job = this.#options.order.next(time);
      if (!job) return;
      this.#begin(job);
    }
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes an event that failed before. */
  restore(parked: ParkedEvent): void {
    // Whoever parked it may have had another clock.
    const due = Math.min(parked.due, this.#time() + retryDelayMsMax);
    this.#options.order.restore({ ...parked, due }, orderKeyOf(parked.event));
  }

  /** Ms since 1970 that go on whatever becomes of the clock meanwhile. */
  #time(): number {
    return this.#startedAt + now();
  }

  #runSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.run();
    });
  }

  #countIn(lane: number, change: number): void {
    const count = (this.#running.get(lane) ?? 0) + change;
    if (count === 0) this.#running.delete(lane);
    else this.#running.set(lane, count);
    this.#count += change;
  }

  #begin(job: Job): void {
    const { lanes, subscription, onEnded } = this.#options;
    const lane = lanes.get(job.lane);
    if (!lane) return;
    const { topic, key, head, body, id } = job.event;
    const attempt = job.history.length;
    const incoming = { topic, key, head, body, id, attempt, receivedAt: now() };
    let delivered: Promise<void> | undefined;
    try {
      delivered = subscription.deliver(incoming, lane.stop.signal);
    } catch (thrown) {
      this.#onFailure(job, lane, asError(thrown));
      return onEnded();
    }
    if (!delivered) {
      this.#onSuccess(job, lane);
      return onEnded();
    }
    this.#countIn(job.lane, 1);
    void delivered
      .then(
        () => this.#onSuccess(job, lane),
        (thrown) => this.#onFailure(job, lane, asError(thrown)),
      )
      .then(() => {
        this.#countIn(job.lane, -1);
        this.run();
        onEnded();
      });
  }

  #onSuccess(job: Job, lane: OwnLane): void {
    const { lanes, order } = this.#options;
    if (lanes.get(job.lane) === lane) order.succeeded(job);
  }

  #onFailure(job: Job, lane: OwnLane, error: Error): void {
    const { lanes, order, subscription, logger } = this.#options;
    // Whoever has the lane now tries it again.
    if (lanes.get(job.lane) !== lane || lane.stop.signal.aborted) return;
    const { group, topic } = subscription;
    const { history, due } = afterFailure(job.history, error, { time: this.#time(), random });
    const facts = { group, topic, offset: job.offset, attempt: job.history.length + 1 };
    if (due === undefined) {
      const message = "an event became a dead letter; see: dure events dead";
      logger.error(message, { ...facts, reason: error.message });
      order.buried(job, history);
    } else {
      logger.warn("an event failed and is tried again", { ...facts, reason: error.message });
      order.failed(job, due, history);
    }
  }
}
