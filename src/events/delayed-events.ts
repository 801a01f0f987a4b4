/**
 * Events that are to be published later. They are kept as parked events of a group of the log's own, on its disk, and appended when
 * their time has come: then they have their place in the topic and in the order of their key.
 */
import { afterInBackground, asError, DureError, now, type Timer, wallTime } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type PackedBatch, packBatch } from "./core/packed-events.ts";
import { eventBytes } from "./core/sizes.ts";
import type { SavedGroup } from "./storage/groups-file.ts";
import type { Storage } from "./storage/storage.ts";
import { eventLimits, type NewEvent, type ParkedEvent } from "./types.ts";

/** An event, and when it is to be published. */
export interface DelayedEvent {
  /** The same when it is sent again; subscribers see it as the event's id. */
  readonly id: string;
  readonly delayMs: number;
  readonly event: NewEvent;
}

/** The group that has them in the storage. */
export const delayedGroup = "dure.delayed";
const againMs = 1_000;
const bytesMax = 64 * 1024 * 1024;
/** Published together at most. */
const publishMax = 500;
/** Ids of events that were published, so that one that is sent again late is not taken for another. */
const formerMax = 10_000;

/** Events on their way into their topics. */
interface Publication {
  readonly due: readonly ParkedEvent[];
  isAppended: boolean;
}

export class DelayedEvents {
  readonly #storage: Storage;
  readonly #logger: Logger;
  readonly #append: (batch: PackedBatch) => Promise<unknown>;
  readonly #groupId: number;
  /** Ms since 1970 that go on whatever becomes of the clock meanwhile. */
  readonly #startedAt = wallTime() - now();
  readonly #waiting = new Map<string, ParkedEvent>();
  readonly #adding = new Map<string, Promise<void>>();
  readonly #former = new Set<string>();
  #bytes = 0;
  #nextOffset = 0;
  #epoch = Math.floor(wallTime());
  #seq = 0;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #publication: Publication | undefined;
  #isClosed = false;
  #isTroubled = false;

  /** Reads those that wait. `append`: stores events and tells their readers. */
  static async open(
    storage: Storage,
    logger: Logger,
    append: (batch: PackedBatch) => Promise<unknown>,
  ): Promise<DelayedEvents> {
    const place = { name: delayedGroup, topic: delayedGroup, start: "beginning" } as const;
    return new DelayedEvents(storage, logger, append, await storage.call("openGroup", place));
  }

  private constructor(
    storage: Storage,
    logger: Logger,
    append: (batch: PackedBatch) => Promise<unknown>,
    saved: SavedGroup,
  ) {
    this.#storage = storage;
    this.#logger = logger;
    this.#append = append;
    this.#groupId = saved.id;
    for (const parked of saved.parked) this.#take(parked);
    this.#armForNext();
  }

  /** How many wait for their time. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves once it is on the disk. Rejects with RESOURCE_EXHAUSTED when too many wait. */
  async add(delayed: DelayedEvent): Promise<void> {
    const { id } = delayed;
    const former = this.#adding.get(id);
    if (former) return former;
    if (this.#waiting.has(id) || this.#former.has(id)) return;
    const adding = this.#save(delayed);
    this.#adding.set(id, adding);
    try {
      await adding;
    } finally {
      this.#adding.delete(id);
    }
    const due = this.#waiting.get(id)?.due;
    if (due !== undefined) this.#arm(due);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #save({ id, delayMs, event }: DelayedEvent): Promise<void> {
    if (this.#waiting.size >= eventLimits.delayedMax || this.#bytes + sizeOf(event) > bytesMax) {
      const message = `${this.#waiting.size} events with ${this.#bytes} bytes wait for their time, and that is the most; publish them from an outbox, or keep what is to be done in a table`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const at = Math.floor(this.#time());
    const offset = this.#nextOffset;
    const stored = { ...event, offset, at, id };
    const parked = { offset, lane: 0, due: at + delayMs, history: [], event: stored };
    this.#take(parked);
    try {
      await this.#change({ park: [parked], unpark: [] });
    } catch (thrown) {
      this.#forget(parked);
      throw thrown;
    }
  }

  #take(parked: ParkedEvent): void {
    this.#waiting.set(parked.event.id, parked);
    this.#bytes += sizeOf(parked.event);
    this.#nextOffset = Math.max(this.#nextOffset, parked.offset + 1);
  }

  #forget({ event }: ParkedEvent): void {
    if (this.#waiting.delete(event.id)) this.#bytes -= sizeOf(event);
  }

  #time(): number {
    return this.#startedAt + now();
  }

  #armForNext(): void {
    let due = Number.POSITIVE_INFINITY;
    for (const parked of this.#waiting.values()) due = Math.min(due, parked.due);
    if (due < Number.POSITIVE_INFINITY) this.#arm(due);
  }

  #arm(due: number): void {
    if (this.#publication || this.#isClosed || due >= this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = afterInBackground(due - this.#time(), () => {
      this.#timerDue = Number.POSITIVE_INFINITY;
      void this.#publishDue();
    });
  }

  /** Never rejects. What could not be stored is tried again under the same numbers, so that it is stored once. */
  async #publishDue(): Promise<void> {
    this.#publication ??= { due: this.#due(), isAppended: false };
    try {
      if (this.#publication.due.length > 0) await this.#publish(this.#publication);
    } catch (thrown) {
      this.#onRefusal(thrown as DureError);
      if (!this.#isTroubled && !this.#isClosed) {
        const facts = { waiting: this.size, reason: asError(thrown).message };
        this.#logger.warn("delayed events that are due wait for the log's storage", facts);
      }
      this.#isTroubled = true;
      this.#timer = afterInBackground(againMs, () => void this.#publishDue());
      return;
    }
    this.#publication = undefined;
    this.#isTroubled = false;
    this.#armForNext();
  }

  /** What is to be published now, the earliest first, as much as one append holds. */
  #due(): ParkedEvent[] {
    const time = this.#time();
    const due = [...this.#waiting.values()]
      .filter((parked) => parked.due <= time && !this.#adding.has(parked.event.id))
      .sort((left, right) => left.due - right.due || left.offset - right.offset);
    let bytes = 0;
    const end = due.findIndex(({ event }, index) => {
      bytes += eventBytes(event);
      return index > 0 && (bytes > eventLimits.batchBytesMax || index === publishMax);
    });
    return end === -1 ? due : due.slice(0, end);
  }

  /** First appended, then forgotten: a crash between the two publishes it twice, under one id. */
  async #publish(publication: Publication): Promise<void> {
    const { due } = publication;
    if (!publication.isAppended) {
      const events = due.map(({ event: { topic, key, head, body, id } }) => ({
        topic,
        key,
        head: JSON.stringify({ ...(JSON.parse(head) as object), id }),
        body,
      }));
      const origin = { source: delayedGroup, epoch: this.#epoch, seq: this.#seq };
      await this.#append(packBatch({ ...origin, events }));
      this.#seq += due.length;
      publication.isAppended = true;
    }
    const unpark = due.map(({ lane, offset }) => ({ lane, offset }));
    await this.#change({ park: [], unpark });
    for (const parked of due) {
      this.#forget(parked);
      this.#former.add(parked.event.id);
    }
    for (const id of this.#former) {
      if (this.#former.size <= formerMax) break;
      this.#former.delete(id);
    }
  }

  /** The log counts otherwise: a clock was set back, or it was restored from a backup. */
  #onRefusal({ code, details }: DureError): void {
    if (code !== "ABORTED" && code !== "OUT_OF_RANGE") return;
    const told = (details as { epoch?: number } | undefined)?.epoch ?? 0;
    this.#epoch = Math.max(this.#epoch + 1, told + 1, Math.floor(wallTime()));
    this.#seq = 0;
  }

  #change(change: {
    park: ParkedEvent[];
    unpark: { lane: number; offset: number }[];
  }): Promise<unknown> {
    return this.#storage.call("saveGroup", { id: this.#groupId, moved: [], bury: [], ...change });
  }
}

function sizeOf({ key, head, body }: NewEvent): number {
  return key.length + head.length + body.length;
}
