import { installScheduler, type Timer } from "../kit/index.ts";

/** Time that passes only when it is told to. */
export interface VirtualTime {
  /** Ms since it was installed. */
  now(): number;
  /** A number in [0, 1), from the seed. */
  random(): number;
  /** Lets time pass: what is due happens in order, each with all that follows from it at once. */
  advance(ms: number): Promise<void>;
  /** Puts real time and randomness back. */
  uninstall(): void;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/**
 * Replaces time and randomness of the whole process until `uninstall`: minutes of a fleet in memory pass in seconds, and the same
 * seed gives the same run. Only for what does no real input and output; give the memory network a latency above 0.
 */
export function virtualTime(seed: number): VirtualTime {
  const heap: Due[] = [];
  const random = xorshift(seed);
  let time = 0;
  let order = 0;
  const uninstall = installScheduler({
    now: () => time,
    wallTime: () => wallTimeAtStart + time,
    random,
    after(delayMs, run): Timer {
      order += 1;
      const due = { at: time + Math.max(delayMs, 0), order, run, isCancelled: false };
      push(heap, due);
      return {
        cancel() {
          due.isCancelled = true;
        },
      };
    },
  });
  return {
    now: () => time,
    random,
    uninstall,
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const next = heap[0];
        if (!next || next.at > end) break;
        pop(heap);
        if (next.isCancelled) continue;
        time = next.at;
        next.run();
        await settle();
      }
      time = end;
    },
  };
}

const wallTimeAtStart = Date.UTC(2026, 0, 1);

/** Promises and ticks that follow from what has just happened. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Marsaglia's xorshift32 ("Xorshift RNGs", 2003). */
function xorshift(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function isBefore(left: Due, right: Due): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

function push(heap: Due[], due: Due): void {
  let index = heap.length;
  heap.push(due);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(due, heap[parent] as Due)) break;
    heap[index] = heap[parent] as Due;
    index = parent;
  }
  heap[index] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop() as Due;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child += 1;
    if (!isBefore(heap[child] as Due, last)) break;
    heap[index] = heap[child] as Due;
    index = child;
  }
  heap[index] = last;
}
