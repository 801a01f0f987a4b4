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

/** One event, on its way through a member. */
export interface Job {
  readonly offset: number;
  readonly lane: number;
  readonly key: string;
  readonly event: StoredEvent;
  history: FailedAttempt[];
  /** When it may be tried, in ms since 1970. */
  due: number;
  isParked: boolean;
}

interface KeyQueue {
  readonly jobs: Job[];
  isRunning: boolean;
}

/** Offsets of a lane that are neither done nor parked, ascending; done ones are taken out from the front. */
interface LaneProgress {
  readonly open: number[];
  readonly closed: Set<number>;
  /** Offsets that came parked, and that may come from the log once more. */
  readonly restored: Set<number>;
}

class Changes {
  readonly park = new Map<number, GroupChanges["park"][number]>();
  readonly unpark = new Map<number, GroupChanges["unpark"][number]>();
  readonly bury = new Map<number, GroupChanges["bury"][number]>();

  forget(lane: number): void {
    for (const changes of [this.park, this.unpark, this.bury])
      for (const [offset, change] of changes) if (change.lane === lane) changes.delete(offset);
  }
}

export class KeyOrder {
  readonly #keys = new Map<string, KeyQueue>();
  readonly #lanes = new Map<number, LaneProgress>();
  /** Keys whose first event may run now, oldest first. */
  readonly #ready = new Set<string>();
  /** Keys whose first event waits for its time. */
  readonly #waiting = new Set<string>();
  /** Lanes that are being given back. */
  readonly #held = new Set<number>();
  /** By offset, so that what is told of an event is the last that became of it. */
  #changes = new Changes();
  #wakeAt = Number.POSITIVE_INFINITY;
  #size = 0;
  #parkedCount = 0;

  /** Events that are known here and not over. */
  get size(): number {
    return this.#size;
  }

  get parkedCount(): number {
    return this.#parkedCount;
  }

  /** An event from the log. A key that is parked parks it too. */
  take(event: StoredEvent, lane: number, key: string): void {
    const job: Job = {
      offset: event.offset,
      lane,
      key,
      event,
      history: [],
      due: 0,
      isParked: false,
    };
    const progress = this.#laneOf(lane);
    progress.open.push(event.offset);
    if (progress.restored.delete(event.offset)) {
      progress.closed.add(event.offset);
      return;
    }
    const queue = this.#add(job);
    if (queue.jobs.length > 1 && queue.jobs[0]?.isParked) this.#park(job);
  }

  /** An event that was parked when the lane changed hands, or came back to life. In the order of offsets within a key. */
  restore({ offset, lane, due, history, event }: ParkedEvent, key: string): void {
    const known = this.#keys.get(key)?.jobs.some((job) => job.offset === offset);
    if (known) return;
    this.#laneOf(lane).restored.add(offset);
    this.#parkedCount += 1;
    this.#add({ offset, lane, key, event, history, due, isParked: true });
  }

  /** The next event to work on; undefined while there is none. */
  next(now: number): Job | undefined {
    if (now >= this.#wakeAt) this.#wake(now);
    for (const key of this.#ready) {
      const queue = this.#keys.get(key) as KeyQueue;
      const job = queue.jobs[0] as Job;
      if (job.isParked && this.#held.has(job.lane)) continue;
      this.#ready.delete(key);
      queue.isRunning = true;
      return job;
    }
    return undefined;
  }

  /** What is parked in a lane is not begun any more: it is given back, and its next owner may have begun it already. */
  hold(lane: number): void {
    this.#held.add(lane);
  }

  /** When the next parked event may be tried, at the earliest; Infinity without one. */
  get nextDueAt(): number {
    return this.#wakeAt;
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
    this.#line(job);
  }

  /** Nobody tries it any more; its key goes on. */
  buried(job: Job, history: FailedAttempt[]): void {
    this.#changes.bury.set(job.offset, { lane: job.lane, event: job.event, history });
    this.#finish(job);
  }

  /** How far a lane is, where everything before `readTo` has come in. */
  cursorOf(lane: number, readTo: number): number {
    const progress = this.#lanes.get(lane);
    if (!progress) return readTo;
    const { open, closed } = progress;
    let passed = 0;
    while (passed < open.length && closed.delete(open[passed] as number)) passed += 1;
    if (passed > 0) open.splice(0, passed);
    return open[0] ?? readTo;
  }

  /** Whether nothing of a lane is being worked on or waits in memory alone. */
  isIdle(lane: number): boolean {
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
    const lastDone = this.#lastDone(lane);
    for (const [key, queue] of this.#keys) {
      const [first] = queue.jobs;
      if (first?.lane !== lane || queue.isRunning) continue;
      for (const job of queue.jobs) if (!job.isParked && job.offset < lastDone) this.#park(job);
      const parked = queue.jobs.filter(({ isParked }) => isParked);
      this.#size -= queue.jobs.length - parked.length;
      queue.jobs.splice(0, queue.jobs.length, ...parked);
      if (parked.length > 0) continue;
      this.#keys.delete(key);
      this.#ready.delete(key);
    }
  }

  /** Forgets a lane: another member has it. What still runs of it ends without effect here. */
  drop(lane: number): void {
    this.#lanes.delete(lane);
    this.#changes.forget(lane);
    this.#held.delete(lane);
    for (const [key, { jobs }] of this.#keys) {
      if (jobs[0]?.lane !== lane) continue;
      this.#keys.delete(key);
      this.#ready.delete(key);
      this.#waiting.delete(key);
      this.#size -= jobs.length;
      this.#parkedCount -= jobs.filter(({ isParked }) => isParked).length;
    }
  }

  /** What has to be written down since the last time. */
  takeChanges(): GroupChanges {
    const { park, unpark, bury } = this.#changes;
    this.#changes = new Changes();
    return { park: [...park.values()], unpark: [...unpark.values()], bury: [...bury.values()] };
  }

  /** They could not be written down; what has become of an event since then counts. */
  giveBackChanges({ park, unpark, bury }: GroupChanges): void {
    const changes = this.#changes;
    const isOver = (offset: number) => changes.park.has(offset) || changes.unpark.has(offset);
    for (const each of unpark) if (!isOver(each.offset)) changes.unpark.set(each.offset, each);
    for (const each of park) if (!isOver(each.offset)) changes.park.set(each.offset, each);
    for (const each of bury)
      if (!changes.bury.has(each.event.offset)) changes.bury.set(each.event.offset, each);
  }

  #lastDone(lane: number): number {
    const done = new Set(this.#lanes.get(lane)?.closed);
    for (const { jobs } of this.#keys.values())
      for (const { isParked, offset } of jobs) if (isParked) done.delete(offset);
    return Math.max(-1, ...done);
  }

  #add(job: Job): KeyQueue {
    let queue = this.#keys.get(job.key);
    if (!queue) {
      queue = { jobs: [], isRunning: false };
      this.#keys.set(job.key, queue);
    }
    queue.jobs.push(job);
    this.#size += 1;
    if (queue.jobs.length === 1) this.#line(job);
    return queue;
  }

  #park(job: Job): void {
    if (!job.isParked) {
      job.isParked = true;
      this.#parkedCount += 1;
      this.#lanes.get(job.lane)?.closed.add(job.offset);
    }
    const { offset, lane, due, history, event } = job;
    this.#changes.unpark.delete(offset);
    this.#changes.park.set(offset, { offset, lane, due, history, event });
  }

  #finish(job: Job): void {
    const queue = this.#keys.get(job.key);
    if (!queue || queue.jobs[0] !== job) return;
    queue.jobs.shift();
    queue.isRunning = false;
    this.#size -= 1;
    if (job.isParked) {
      this.#parkedCount -= 1;
      this.#changes.park.delete(job.offset);
      this.#changes.unpark.set(job.offset, { lane: job.lane, offset: job.offset });
    } else this.#lanes.get(job.lane)?.closed.add(job.offset);
    const [next] = queue.jobs;
    if (!next) this.#keys.delete(job.key);
    else this.#line(next);
  }

  /** The first event of its key: it may run now, or has to wait for its time. */
  #line({ key, due }: Job): void {
    if (due === 0) return void this.#ready.add(key);
    this.#waiting.add(key);
    this.#wakeAt = Math.min(this.#wakeAt, due);
  }

  #wake(now: number): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (const key of this.#waiting) {
      const due = this.#keys.get(key)?.jobs[0]?.due ?? 0;
      if (due > now) this.#wakeAt = Math.min(this.#wakeAt, due);
      else {
        this.#waiting.delete(key);
        this.#ready.add(key);
      }
    }
  }

  #laneOf(lane: number): LaneProgress {
    let progress = this.#lanes.get(lane);
    if (!progress) {
      progress = { open: [], closed: new Set(), restored: new Set() };
      this.#lanes.set(lane, progress);
    }
    return progress;
  }
}
