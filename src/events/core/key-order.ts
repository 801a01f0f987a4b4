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

/** Events of a lane that have come in, ascending, from the first one that is neither over nor parked. */
interface LaneProgress {
  open: Job[];
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
  /** Keys whose first event may run now, oldest first; those before `#readyAt` have left, and so have those that are not ready. */
  #ready: KeyQueue[] = [];
  #readyAt = 0;
  /** Keys whose first event waits for its time. */
  readonly #waiting = new Set<string>();
  /** Lanes that are being given back. */
  readonly #held = new Set<number>();
  /** By offset, so that what is told of an event is the last that became of it. */
  #changes = new Changes();
  #wakeAt = Number.POSITIVE_INFINITY;
  #size = 0;

  /** Events that are known here and not over. */
  get size(): number {
    return this.#size;
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
      isOver: false,
    };
    const progress = this.#laneOf(lane);
    if (progress.restored.size > 0 && progress.restored.delete(event.offset)) {
      const known = this.#keys.get(key)?.jobs.find(({ offset }) => offset === event.offset);
      progress.open.push(known ?? { ...job, isOver: true });
      return;
    }
    progress.open.push(job);
    const queue = this.#add(job);
    if (queue.jobs.length > 1 && queue.jobs[0]?.isParked) this.#park(job);
  }

  /** An event that was parked when the lane changed hands, or came back to life. In the order of offsets within a key. */
  restore({ offset, lane, due, history, event }: ParkedEvent, key: string): void {
    const known = this.#keys.get(key)?.jobs.some((job) => job.offset === offset);
    if (known) return;
    this.#laneOf(lane).restored.add(offset);
    this.#add({ offset, lane, key, event, history, due, isParked: true, isOver: false });
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
    this.#ready = [];
    this.#readyAt = 0;
    return undefined;
  }

  /** What is parked in a lane is not begun any more: it is given back, and its next owner may have begun it already. */
  hold(lane: number): void {
    this.#held.add(lane);
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
    const progress = this.#lanes.get(lane);
    if (!progress) return readTo;
    const { open } = progress;
    const isPassed = ({ isOver, isParked }: Job) => isOver || isParked;
    let passed = 0;
    while (passed < open.length && isPassed(open[passed] as Job)) passed += 1;
    if (passed > 0) progress.open = open.slice(passed);
    return progress.open[0]?.offset ?? readTo;
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
      queue.isReady = false;
    }
  }

  /** Forgets a lane: another member has it. What still runs of it ends without effect here. */
  drop(lane: number): void {
    this.#lanes.delete(lane);
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
    return this.#lanes.get(lane)?.open.findLast(({ isOver }) => isOver)?.offset ?? -1;
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
    this.#line(queue, job);
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
  }

  #finish(job: Job): void {
    const queue = this.#keys.get(job.key);
    if (!queue || queue.jobs[0] !== job) return;
    queue.isRunning = false;
    job.isOver = true;
    this.#size -= 1;
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
    let progress = this.#lanes.get(lane);
    if (!progress) {
      progress = { open: [], restored: new Set() };
      this.#lanes.set(lane, progress);
    }
    return progress;
  }
}
