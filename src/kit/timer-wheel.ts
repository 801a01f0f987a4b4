import { afterInBackground, now, type Timer } from "./scheduler.ts";

/** One thing that is due; keep it to take it back. Intrusive links, so that adding and removing allocate nothing else. */
export interface WheelEntry {
  /** When it is due, on the clock of `now()`. */
  readonly dueAt: number;
  /** @internal */ next: WheelEntry | undefined;
  /** @internal */ previous: WheelEntry | undefined;
  /** @internal {@link inNoSlot} while it is in no wheel. */ slot: number;
  /** What is done when it is due. */
  run(): void;
}

const slotCount = 512;
/** The slot of an entry that is in no wheel. */
export const inNoSlot = -1;

/**
 * Thousands of deadlines on one timer: a hashed timing wheel (Varghese and Lauck, 1987, scheme 6). Adding and removing
 * cost O(1); an entry fires at most one tick late. A platform timer per call would cost more than the call's own frames.
 *
 * ```
 *  slot   0    1    2    3   ...  511
 *         |    |    |              |     each slot: a list of entries due in that tick, in this round or a later one
 *         e1   e4   e2             e9
 *         |         |
 *         e3        e7
 * ```
 */
export class TimerWheel {
  readonly #tickMs: number;
  readonly #slots: (WheelEntry | undefined)[] = new Array(slotCount).fill(undefined);
  #tick = 0;
  #size = 0;
  #timer: Timer | undefined;

  /** @param tickMs the resolution: an entry fires at its time or up to this much later. */
  constructor(tickMs = 8) {
    this.#tickMs = tickMs;
  }

  /** How many entries wait. */
  get size(): number {
    return this.#size;
  }

  /** Calls `run` at `dueAt` (on the clock of `now()`) or within a tick after it. */
  add(dueAt: number, run: () => void): WheelEntry {
    const entry = { dueAt, next: undefined, previous: undefined, slot: inNoSlot, run };
    this.insert(entry);
    return entry;
  }

  /** Takes in what is an entry itself and in no wheel yet. */
  insert(entry: WheelEntry): void {
    if (this.#size === 0) this.#tick = Math.floor(now() / this.#tickMs);
    const dueTick = Math.max(Math.ceil(entry.dueAt / this.#tickMs), this.#tick + 1);
    const slot = dueTick % slotCount;
    const head = this.#slots[slot];
    entry.slot = slot;
    entry.next = head;
    if (head) head.previous = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
    this.#timer ??= afterInBackground(this.#tickMs, this.#onTick);
  }

  /** Takes an entry back. Removing one that fired or was removed does nothing. */
  remove(entry: WheelEntry): void {
    if (entry.slot === inNoSlot) return;
    if (entry.previous) entry.previous.next = entry.next;
    else this.#slots[entry.slot] = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    entry.slot = inNoSlot;
    entry.next = undefined;
    entry.previous = undefined;
    this.#size -= 1;
  }

  /** Forgets all entries and stops the timer. */
  close(): void {
    this.#slots.fill(undefined);
    this.#size = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #onTick = (): void => {
    this.#timer = undefined;
    const time = now();
    const lastTick = Math.floor(time / this.#tickMs);
    // After a long pause every slot is visited once at most: a full round covers all of them.
    const firstTick = Math.max(this.#tick + 1, lastTick - slotCount + 1);
    this.#tick = Math.max(lastTick, this.#tick);
    for (let tick = firstTick; tick <= lastTick; tick += 1) this.#fireSlot(tick % slotCount, time);
    if (this.#size > 0) this.#timer ??= afterInBackground(this.#tickMs, this.#onTick);
  };

  #fireSlot(slot: number, time: number): void {
    const due: WheelEntry[] = [];
    for (let entry = this.#slots[slot]; entry; entry = entry.next) {
      if (entry.dueAt <= time) due.push(entry);
    }
    for (const entry of due) {
      // One that ran before may have removed this one.
      if (entry.slot === inNoSlot) continue;
      this.remove(entry);
      entry.run();
    }
  }
}
