import type { ClientOf } from "../contract/index.ts";
import { asError, type DureError, now, sleep, wallTime } from "../kit/index.ts";
import { type PackedRun, packRuns } from "./core/packed-events.ts";
import type { eventLog } from "./log-contract.ts";
import { eventLimits, type NewEvent } from "./types.ts";

/** Appends on their way at once: while the log syncs its disk for one, others are made, sent and read, and share its next sync. */
const appendsMax = 8;
/**
 * Texts in one append, unless one event is larger, in characters: as base64 they stay below what a link sends in one piece (64 KiB),
 * so appends arrive in the order in which they were begun.
 */
const appendCharsMax = 44 * 1024;
/**
 * While appends are answered within so many ms, what waits goes as two: a publisher makes one while the log stores the other. Where a
 * sync of the disk takes longer than making events does, one sync serves as many as it can.
 */
const quickMs = 2;
/** Events in each of the two: fewer are not worth a message and a sync. */
const halfMin = 16;
/** An append is tried again until then, in ms: a log that is started again is back by then. */
const appendMsMax = 10_000;
const againMs = 100;

/** An event that waits for the log, and who waits for it. */
export interface WaitingEvent {
  readonly event: NewEvent;
  /** Length of its texts. */
  readonly chars: number;
  resolve(): void;
  reject(error: Error): void;
}

/** What a window works with. */
export interface AppendWindowOptions {
  readonly client: ClientOf<typeof eventLog>;
  /** Names this publisher among all. */
  readonly source: string;
  /** So many events wait no longer: they are on their way. */
  onTaken(count: number, chars: number): void;
}

interface Append {
  readonly batch: readonly WaitingEvent[];
  readonly runs: readonly PackedRun[];
  epoch: number;
  seq: number;
  readonly begunAt: number;
}

/**
 * Sends events to the log in their order, a few appends at a time; what is published meanwhile goes with the next one, so the more is
 * published at once, the less each costs.
 *
 * Events are numbered, and the log takes each number in once and in order: an append whose answer was lost is sent again and stored
 * once, and one that came before its predecessor is refused (OUT_OF_RANGE) and sent again behind it. After a failure nothing new is
 * begun until all that is on its way has ended, so no event overtakes one before it.
 */
export class AppendWindow {
  readonly #options: AppendWindowOptions;
  #epoch = Math.floor(wallTime());
  /** The number of the next event. */
  #seq = 0;
  #waiting: WaitingEvent[] = [];
  #waitingChars = 0;
  #running = 0;
  /** Ends when the last append that was begun has ended. */
  #last: Promise<void> = Promise.resolve();
  #isScheduled = false;
  /** Whether the last append was answered at once. */
  #isQuick = false;
  #isTroubled = false;
  #isClosed = false;

  constructor(options: AppendWindowOptions) {
    this.#options = options;
  }

  push(waiting: WaitingEvent): void {
    this.#waiting.push(waiting);
    this.#waitingChars += waiting.chars;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
  }

  /** What is published in the same turn of the event loop goes together. */
  #schedule(): void {
    if (this.#isScheduled || !this.#mayBegin()) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#beginAll());
  }

  #beginAll(): void {
    while (this.#mayBegin()) {
      const isFull = this.#isFull;
      this.#begin();
      // The second half must not be in one message with the first: the log would store them together, and answer them together.
      if (!isFull && this.#mayBegin()) return void setImmediate(() => this.#beginAll());
    }
    this.#isScheduled = false;
  }

  /** Beside others a full one is begun, or one half: small ones cost a sync of the disk for little, and wait to be more. */
  #mayBegin(): boolean {
    if (this.#running === 0) return this.#waiting.length > 0;
    if (this.#isTroubled) return false;
    if (this.#isFull) return this.#running < appendsMax;
    return this.#running === 1 && this.#isQuick && this.#waiting.length >= halfMin;
  }

  get #isFull(): boolean {
    return this.#waitingChars >= appendCharsMax;
  }

  /** How many of those that wait go together. */
  get #batchMax(): number {
    const count = this.#waiting.length;
    const isHalved = this.#running === 0 && this.#isQuick && !this.#isFull && count >= 2 * halfMin;
    return isHalved ? Math.ceil(count / 2) : eventLimits.batchEventsMax;
  }

  #begin(): void {
    const batch = byTopic(this.#takeBatch());
    const append = {
      batch,
      runs: packRuns(batch.map(({ event }) => event)),
      epoch: this.#epoch,
      seq: this.#seq,
      begunAt: now(),
    };
    this.#seq += batch.length;
    const isFirst = this.#running === 0;
    this.#running += 1;
    this.#last = this.#settle(append, this.#send(append), isFirst ? undefined : this.#last);
  }

  #takeBatch(): WaitingEvent[] {
    const countMax = this.#batchMax;
    let chars = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && chars + waiting.chars > appendCharsMax) break;
      chars += waiting.chars;
      count += 1;
      if (count === countMax) break;
    }
    this.#waitingChars -= chars;
    this.#options.onTaken(count, chars);
    return this.#waiting.splice(0, count);
  }

  /** Never rejects: resolves to what went wrong, if anything did. */
  async #send({ runs, epoch, seq, begunAt }: Append): Promise<DureError | undefined> {
    const input = { source: this.#options.source, epoch, seq, runs: [...runs] };
    try {
      await this.#options.client.append(input, {
        deadlineMs: Math.max(100, begunAt + appendMsMax - now()),
      });
      return undefined;
    } catch (thrown) {
      return asError(thrown) as DureError;
    }
  }

  /** @param before the append before it, if it was on its way when this one was begun. */
  async #settle(
    append: Append,
    sent: Promise<DureError | undefined>,
    before: Promise<void> | undefined,
  ): Promise<void> {
    let error = await sent;
    this.#isQuick = now() - append.begunAt < quickMs;
    if (error) this.#isTroubled = true;
    await before;
    if (isRefused(error)) error = await this.#sendAgain(append, error, before !== undefined);
    while (
      error &&
      isForNow(error) &&
      !this.#isClosed &&
      now() + againMs < append.begunAt + appendMsMax
    ) {
      await sleep(againMs);
      error = await this.#send(append);
    }
    if (error) this.#giveUp(append, error);
    else for (const { resolve } of append.batch) resolve();
    this.#running -= 1;
    if (this.#running === 0) this.#isTroubled = false;
    this.#schedule();
  }

  /**
   * The log refused its numbers, so nothing was stored: it came before its predecessor, its predecessor was given up, or the log counts
   * otherwise, because a clock was set back or the log was restored from a backup.
   */
  async #sendAgain(
    append: Append,
    refusal: DureError,
    hasPredecessor: boolean,
  ): Promise<DureError | undefined> {
    if (append.epoch !== this.#epoch) this.#number(append);
    else if (!hasPredecessor) this.#beginEpoch(append, refusal);
    const error = await this.#send(append);
    if (!isRefused(error) || !hasPredecessor) return error;
    this.#beginEpoch(append, error);
    return this.#send(append);
  }

  #beginEpoch(append: Append, refusal: DureError): void {
    const told = (refusal.details as { epoch?: number } | undefined)?.epoch ?? 0;
    this.#epoch = Math.max(this.#epoch + 1, told + 1, Math.floor(wallTime()));
    this.#seq = 0;
    this.#number(append);
  }

  /** Under the numbers that come next. */
  #number(append: Append): void {
    append.epoch = this.#epoch;
    append.seq = this.#seq;
    this.#seq += append.batch.length;
  }

  /** Whether it was stored is not known, so its numbers cannot be used again. */
  #giveUp({ batch }: Append, error: Error): void {
    this.#epoch = Math.max(this.#epoch + 1, Math.floor(wallTime()));
    this.#seq = 0;
    for (const { reject } of batch) reject(error);
  }
}

/** Those of a topic behind each other, so that they are packed together; of events of different topics no order is promised. */
function byTopic(batch: readonly WaitingEvent[]): readonly WaitingEvent[] {
  return [...Map.groupBy(batch, ({ event }) => event.topic).values()].flat();
}

function isForNow({ code }: DureError): boolean {
  return code === "UNAVAILABLE" || code === "RESOURCE_EXHAUSTED";
}

function isRefused(error: DureError | undefined): error is DureError {
  return error?.code === "OUT_OF_RANGE" || error?.code === "ABORTED";
}
