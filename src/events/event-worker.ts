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

/** Gives events to their handler, as many at once as the subscription says, and decides what becomes of those that fail. */
export class EventWorker {
  readonly #options: EventWorkerOptions;
  readonly #startedAt = wallTime() - now();
  /** Events at work, by lane. */
  readonly #running = new Map<number, number>();
  #count = 0;
  #isStopped = false;

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

  /** Begins what may begin now. */
  run(): void {
    const { concurrency } = this.#options.subscription;
    while (this.#count < concurrency && !this.#isStopped) {
      const job = this.#options.order.next(this.#time());
      if (!job) return;
      this.#countIn(job.lane, 1);
      void this.#work(job);
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

  #countIn(lane: number, change: number): void {
    const count = (this.#running.get(lane) ?? 0) + change;
    if (count === 0) this.#running.delete(lane);
    else this.#running.set(lane, count);
    this.#count += change;
  }

  /** Never rejects. */
  async #work(job: Job): Promise<void> {
    const lane = this.#options.lanes.get(job.lane);
    if (lane) await this.#deliver(job, lane);
    this.#countIn(job.lane, -1);
    this.run();
    this.#options.onEnded();
  }

  async #deliver(job: Job, lane: OwnLane): Promise<void> {
    const { lanes, order, subscription } = this.#options;
    const attempt = job.history.length;
    try {
      const { topic, key, head, body, id } = job.event;
      await subscription.deliver({ topic, key, head, body, id, attempt }, lane.stop.signal);
      if (lanes.get(job.lane) === lane) order.succeeded(job);
    } catch (thrown) {
      // Whoever has the lane now tries it again.
      if (lanes.get(job.lane) === lane && !lane.stop.signal.aborted)
        this.#onFailure(job, asError(thrown));
    }
  }

  #onFailure(job: Job, error: Error): void {
    const { order, subscription, logger } = this.#options;
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
