import { DureError } from "../kit/index.ts";
import { GroupBook } from "./core/group-book.ts";
import { laneCount } from "./core/lanes.ts";
import { failedEventSize, firstWithin } from "./core/sizes.ts";
import type { GroupChange, SavedGroup } from "./storage/groups-file.ts";
import type { Storage } from "./storage/storage.ts";
import { eventLimits, type ParkedEvent } from "./types.ts";

/** A member that says nothing for so long loses its lanes, in ms; it speaks every second. */
const leaseMs = 5_000;
/** A log that was started again gives nothing away for so long, in ms: who is alive says so within a second, and what it has. */
const claimMs = 1_500;

/** What a group is opened with. */
export interface GroupOrigin {
  /** How often the log has been opened: epochs of former ones are below. */
  readonly incarnation: number;
  /** When the log was started, if the group was there before. */
  readonly restartedAt?: number;
}

/** A member says that it is alive. */
export interface Sign {
  readonly member: string;
  /** Lanes that it has, each with its epoch. */
  readonly held: readonly (readonly [number, number])[];
  /** Offsets of revived events that it has been told of. */
  readonly heard: readonly number[];
}

/** What a member commits. */
export interface Commit extends Omit<GroupChange, "id" | "moved"> {
  readonly member: string;
  /** Lane, epoch, cursor. */
  readonly lanes: readonly (readonly [number, number, number])[];
  readonly release: readonly number[];
}

/** One group on one topic: who has which lane, and how far each is. What is known here is what is on disk. */
export class ConsumerGroup {
  readonly #storage: Storage;
  readonly #saved: SavedGroup;
  readonly #book: GroupBook;
  readonly #parked = new Map<number, ParkedEvent>();
  /** Events that came back to life and that no member has heard of. */
  readonly #revived = new Map<number, ParkedEvent>();
  /** Commits on their way to the disk. */
  readonly #saving = new Set<Promise<unknown>>();

  constructor(storage: Storage, saved: SavedGroup, { incarnation, restartedAt }: GroupOrigin) {
    this.#storage = storage;
    this.#saved = saved;
    const claimsUntil = restartedAt === undefined ? 0 : restartedAt + claimMs;
    this.#book = new GroupBook(leaseMs, incarnation * 2 ** 32, claimsUntil);
    for (const parked of saved.parked) this.#parked.set(parked.offset, parked);
  }

  get memberCount(): number {
    return this.#book.memberCount;
  }

  get parkedCount(): number {
    return this.#parked.size;
  }

  /** Everything before it is done or parked. */
  get cursor(): number {
    return Math.min(...this.#saved.cursors);
  }

  async renew({ member, held, heard }: Sign, now: number) {
    for (const claim of held) this.#book.claim(member, claim, now);
    const { release } = this.#book.renew(member, now);
    // What former owners have committed counts, and they can commit no more: the book has new epochs.
    await Promise.allSettled([...this.#saving]);
    const own = new Set<number>();
    for (let lane = 0; lane < laneCount; lane += 1)
      if (this.#book.isOwner(member, lane, this.#book.epochOf(lane))) own.add(lane);
    const known = new Set(
      held.flatMap(([lane, epoch]) => (this.#book.isOwner(member, lane, epoch) ? [lane] : [])),
    );
    const gained = new Set([...own].filter((lane) => !known.has(lane)));
    const parkedLanes = new Set([...this.#parked.values()].map(({ lane }) => lane));
    const lanes = [...gained].map((lane) => ({
      lane,
      epoch: this.#book.epochOf(lane),
      cursor: this.#saved.cursors[lane] as number,
      hasParked: parkedLanes.has(lane),
    }));
    for (const offset of heard) this.#revived.delete(offset);
    // It is told of them with the others that wait in the lane.
    for (const [offset, { lane }] of this.#revived)
      if (gained.has(lane)) this.#revived.delete(offset);
    const revived = [...this.#revived.values()].filter(({ lane }) => own.has(lane));
    return {
      lanes,
      release: [...release],
      lost: held.flatMap(([lane]) => (known.has(lane) ? [] : [lane])),
      revived: firstWithin(revived, eventLimits.answerSizeMax, failedEventSize),
      leaseMs,
    };
  }

  /** Events parked in some lanes, from an offset on, as many as an answer holds. */
  parkedIn(lanes: ReadonlySet<number>, from: number) {
    const parked = [...this.#parked.values()]
      .filter(({ lane, offset }) => lanes.has(lane) && offset >= from)
      .sort((left, right) => left.offset - right.offset);
    const first = firstWithin(parked, eventLimits.answerSizeMax, failedEventSize);
    const following = parked[first.length]?.offset;
    return { parked: first, ...(following === undefined ? {} : { next: following }) };
  }

  /** Takes in what a member has done; resolves, once it is on disk, to the lanes that it has no more. */
  async commit(
    { member, lanes, park, unpark, bury, release }: Commit,
    now: number,
  ): Promise<number[]> {
    for (const [lane, epoch] of lanes) this.#book.claim(member, [lane, epoch], now);
    const owned = lanes.filter(([lane, epoch]) => this.#book.isOwner(member, lane, epoch));
    const numbers = new Set(owned.map(([lane]) => lane));
    const ofOwned = <Entry extends { readonly lane: number }>(entries: readonly Entry[]) =>
      entries.filter(({ lane }) => numbers.has(lane));
    await this.#save({
      id: this.#saved.id,
      moved: owned.map(([lane, , cursor]) => [lane, cursor] as const),
      park: ofOwned(park),
      unpark: ofOwned(unpark),
      bury: ofOwned(bury),
    });
    for (const lane of release) if (numbers.has(lane)) this.#book.release(member, lane);
    return lanes.flatMap(([lane]) => (numbers.has(lane) ? [] : [lane]));
  }

  /** A letter is tried again. */
  revive(parked: ParkedEvent): void {
    this.#parked.set(parked.offset, parked);
    this.#revived.set(parked.offset, parked);
  }

  async #save(change: GroupChange): Promise<void> {
    const { moved, park, unpark } = change;
    const added = park.filter(({ offset }) => !this.#parked.has(offset)).length;
    const removed = unpark.filter(({ offset }) => this.#parked.has(offset)).length;
    if (added > removed && this.#parked.size + added - removed > eventLimits.parkedMax) {
      const message = `${this.#parked.size} events failed or wait behind one that did, and that is the most a group may have`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const saved = this.#storage.call("saveGroup", change);
    this.#saving.add(saved);
    try {
      await saved;
    } finally {
      this.#saving.delete(saved);
    }
    for (const [lane, cursor] of moved) this.#saved.cursors[lane] = cursor;
    for (const { offset } of unpark) this.#parked.delete(offset);
    for (const parked of park) this.#parked.set(parked.offset, parked);
  }
}
