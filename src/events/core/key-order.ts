/**
 * What a member of a group works on next: events of different keys side by side, those of one key in their order. An event that
 * fails is parked: its key waits, with all that comes after it, and the lane goes on. Pure: time is an argument.
 *
 * ```
 *   lane 7   a1 b1 a2 c1 a3        a1 fails: parked with a2 and a3 behind it; b1 and c1 go on, and so does the lane's cursor
 * ```
 * Invariants: (K1) of one key, one event is worked on at a time, in the order of offsets; (K2) a lane's cursor passes no event that is
 * neither done nor parked; (K3) what is parked, taken out or buried is told once in the changes, before the cursor passes it.
 */
import type { FailedAttempt, GroupChanges, ParkedEvent, StoredEvent } from "../types.ts";
import { Arrivals, type Arrived } from "./arrivals.ts";
import { Changes } from "./changes.ts";
import { laneCount, orderKeyOf } from "./lanes.ts";

/** One event, on its way through a member. */
export interface Job {
  readonly offset: number;
  readonly lane: number;
  readonly key: string;
  event: StoredEvent;
  history: FailedAttempt[];
  /** When it may be tried, in ms since 1970. */
  due: number;
  isParked: boolean;
  /** Nobody works on it any more. */
  isOver: boolean;
}

interface KeyQueue {
  readonly key: string;
  readonly jobs: Job[];
  isRunning: boolean;
  /** It stands among those whose first event may run. */
  isReady: boolean;
}

/** How far a lane is with what was begun, or waits behind something that was. */
class LaneProgress {
  /** Events, ascending; the first one is neither over nor parked. */
  readonly open: Job[] = [];
  /** Offset of the last one that is over. */
  lastDone = -1;
  /** From here on its events are for whoever has it next. */
  end: number | undefined;
  /** Offsets that came parked, and that may come from the log once more. */
  readonly restored = new Set<number>();

  /** Passes over what need not be remembered. */
  trim(): void {
    const { open } = this;
    while (open[0]?.isOver || open[0]?.isParked) open.shift();
  }
}

export class KeyOrder {
  readonly #keys = new Map<string, KeyQueue>();
  readonly #arrivals = new Arrivals();
  readonly #lanes = Array.from({ length: laneCount }, () => new LaneProgress());
  /** Keys whose first event may run now, oldest first; those before `#readyAt` have left, and so have those that are not ready. */
  #ready: KeyQueue[] = [];
  #readyAt = 0;
  /** Keys whose first event waits for its time. */
  readonly #waiting = new Set<string>();
  /** Lanes that are being given back. */
  readonly #held = new Set<number>();
  readonly #changes = new Changes();
  #wakeAt = Number.POSITIVE_INFINITY;
  #size = 0;

  /** Events that are known here and not over. */
  get size(): number {
    return this.#size + this.#arrivals.size;
  }

  /** Events from the log. They stay packed until their turn comes. */
  arrived(arrived: Arrived): void {
    this.#arrivals.add(arrived);
  }

  /** An event that was parked when the lane changed hands, or came back to life. In the order of offsets within a key. */
  restore({ offset, lane, due, history, event }: ParkedEvent, key: string): void {
    const known = this.#keys.get(key)?.jobs.some((job) => job.offset === offset);
    if (known) return;
    this.#laneOf(lane).restored.add(offset);
    const job = { offset, lane, key, event, history, due, isParked: true, isOver: false };
    const queue = this.#add(job);
    if (queue.jobs.length === 1) this.#line(queue, job);
  }

  /** The next event to work on; undefined while there is none. */
  next(now: number): Job | undefined {
    if (now >= this.#wakeAt) this.#wake(now);
    while (this.#readyAt < this.#ready.length) {
      const queue = this.#ready[this.#readyAt++] as KeyQueue;
      if (!queue.isReady) continue;
      queue.isReady = false;
      const job = queue.jobs[0] as Job;
      // Its lane goes before it may be begun again.
      if (job.isParked && this.#held.has(job.lane)) continue;
      queue.isRunning = true;
      return job;
    }
    if (this.#readyAt > 0) {
      this.#ready = [];
      this.#readyAt = 0;
    }
    return this.#nextArrived();
  }

  /** A lane is being given back. What is parked in it is not begun any more: its next owner may have begun it already. */
  hold(lane: number): void {
    this.#held.add(lane);
    this.#leaveArrivals(lane);
  }

  succeeded(job: Job): void {
    this.#finish(job);
  }

  /** It is tried again at `due`; what comes after it in its key waits. */
  failed(job: Job, due: number, history: FailedAttempt[]): void {
    const queue = this.#keys.get(job.key);
    if (!queue || queue.jobs[0] !== job) return;
    job.due = due;
    job.history = history;
    for (const each of queue.jobs) if (each === job || !each.isParked) this.#park(each);
    queue.isRunning = false;
    this.#line(queue, job);
  }

  /** Nobody tries it any more; its key goes on. */
  buried(job: Job, history: FailedAttempt[]): void {
    this.#changes.bury.set(job.offset, { lane: job.lane, event: job.event, history });
    this.#finish(job);
  }

  /** How far a lane is, where everything before `readTo` has come in. */
  cursorOf(lane: number, readTo: number): number {
    const { open, end } = this.#laneOf(lane);
    return open[0]?.offset ?? end ?? this.#arrivals.frontOf(lane) ?? readTo;
  }

  /** Whether nothing of a lane is being worked on or waits in memory alone. */
  isIdle(lane: number): boolean {
    if (this.#arrivals.frontOf(lane) !== undefined) return false;
    for (const { jobs, isRunning } of this.#keys.values())
      if (jobs[0]?.lane === lane && (isRunning || jobs.some(({ isParked }) => !isParked)))
        return false;
    return true;
  }

  /**
   * Leaves what of a lane was not begun to whoever has it next. What comes before something that is done is parked, so that the cursor
   * passes both and what is done does not come again; the rest is forgotten, and the cursor stays before it.
   */
  leaveWaiting(lane: number): void {
    this.#leaveArrivals(lane);
    const { lastDone } = this.#laneOf(lane);
    for (const [key, queue] of this.#keys) {
      const [first] = queue.jobs;
      if (first?.lane !== lane || queue.isRunning) continue;
      for (const job of queue.jobs) if (!job.isParked && job.offset < lastDone) this.#park(job);
      const parked = queue.jobs.filter(({ isParked }) => isParked);
      this.#size -= queue.jobs.length - parked.length;
      queue.jobs.splice(0, queue.jobs.length, ...parked);
      if (parked.length > 0) continue;
      this.#keys.delete(key);
      queue.isReady = false;
    }
  }

  /** Forgets a lane: another member has it. What still runs of it ends without effect here. */
  drop(lane: number): void {
    this.#arrivals.drop(lane);
    this.#lanes[lane] = new LaneProgress();
    this.#changes.forget(lane);
    this.#held.delete(lane);
    for (const [key, queue] of this.#keys) {
      const { jobs } = queue;
      if (jobs[0]?.lane !== lane) continue;
      this.#keys.delete(key);
      queue.isReady = false;
      this.#waiting.delete(key);
      this.#size -= jobs.length;
    }
  }

  /** What has to be written down since the last time. */
  takeChanges(): GroupChanges {
    return this.#changes.take();
  }

  /** They could not be written down. */
  giveBackChanges(changes: GroupChanges): void {
    this.#changes.giveBack(changes);
  }

  /** The oldest event whose key has no other one; a key that is parked parks what comes of it too. */
  #nextArrived(): Job | undefined {
    for (let next = this.#arrivals.next(); next; next = this.#arrivals.next()) {
      const { lane, event } = next;
      const { offset } = event;
      const { open, restored } = this.#laneOf(lane);
      if (restored.size > 0 && restored.delete(offset)) continue;
      const key = orderKeyOf(event);
      const job = { offset, lane, key, event, history: [], due: 0, isParked: false, isOver: false };
      open.push(job);
      const queue = this.#add(job);
      if (queue.jobs[0] === job) {
        queue.isRunning = true;
        return job;
      }
      if (queue.jobs[0]?.isParked) this.#park(job);
    }
    return undefined;
  }

  #leaveArrivals(lane: number): void {
    const front = this.#arrivals.drop(lane);
    if (front !== undefined) this.#laneOf(lane).end = front;
  }

  #add(job: Job): KeyQueue {
    this.#size += 1;
    const known = this.#keys.get(job.key);
    if (known) {
      known.jobs.push(job);
      return known;
    }
    const queue = { key: job.key, jobs: [job], isRunning: false, isReady: false };
    this.#keys.set(job.key, queue);
    return queue;
  }

  #park(job: Job): void {
    if (!job.isParked) {
      job.isParked = true;
      // Its texts are pieces of the block that it came in, which would stay in memory as long.
      job.event = structuredClone(job.event);
    }
    const { offset, lane, due, history, event } = job;
    this.#changes.unpark.delete(offset);
    this.#changes.park.set(offset, { offset, lane, due, history, event });
    this.#laneOf(lane).trim();
  }

  #finish(job: Job): void {
    const queue = this.#keys.get(job.key);
    if (!queue || queue.jobs[0] !== job) return;
    queue.isRunning = false;
    job.isOver = true;
    this.#size -= 1;
    const progress = this.#laneOf(job.lane);
    progress.lastDone = Math.max(progress.lastDone, job.offset);
    progress.trim();
    if (job.isParked) {
      this.#changes.park.delete(job.offset);
      this.#changes.unpark.set(job.offset, { lane: job.lane, offset: job.offset });
    }
    // Most keys have one event at a time.
    if (queue.jobs.length === 1) return void this.#keys.delete(job.key);
    queue.jobs.shift();
    this.#line(queue, queue.jobs[0] as Job);
  }

  /** The first event of its key: it may run now, or has to wait for its time. */
  #line(queue: KeyQueue, { due }: Job): void {
    if (due === 0) return this.#makeReady(queue);
    this.#waiting.add(queue.key);
    this.#wakeAt = Math.min(this.#wakeAt, due);
  }

  #makeReady(queue: KeyQueue): void {
    queue.isReady = true;
    this.#ready.push(queue);
  }

  #wake(now: number): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (const key of this.#waiting) {
      const queue = this.#keys.get(key);
      const due = queue?.jobs[0]?.due ?? 0;
      if (due > now) this.#wakeAt = Math.min(this.#wakeAt, due);
      else {
        this.#waiting.delete(key);
        if (queue) this.#makeReady(queue);
      }
    }
  }

  #laneOf(lane: number): LaneProgress {
    return this.#lanes[lane] as LaneProgress;
  }
}
