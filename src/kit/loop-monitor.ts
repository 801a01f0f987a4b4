import { afterInBackground, now, type Timer } from "./scheduler.ts";

const beatMs = 50;
/** A loop that was busy for longer has requests and cancellations lying in its sockets, in this order. */
const gapMs = 100;

/**
 * How late the event loop runs, measured by a beat. After a gap it says so until the loop has read what lay in its sockets: what
 * has been cancelled meanwhile should be known before any of it is begun.
 */
export class LoopMonitor {
  #delayMs = 0;
  #isAfterGap = false;
  #timer: Timer | undefined;
  #dueAt = 0;

  /** How late it runs, in ms: the worst of the last second or so. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** Whether the loop has just been busy for long and is still reading what came in meanwhile. */
  get isAfterGap(): boolean {
    return this.#isAfterGap;
  }

  start(): void {
    if (this.#timer) return;
    this.#plan();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #plan(): void {
    this.#dueAt = now() + beatMs;
    this.#timer = afterInBackground(beatMs, this.#beat);
  }

  readonly #beat = (): void => {
    const lateMs = Math.max(0, now() - this.#dueAt);
    // Up at once, down within a second.
    this.#delayMs = Math.max(lateMs, this.#delayMs * 0.8);
    if (lateMs > gapMs) {
      this.#isAfterGap = true;
      // A timer of 0 ms runs in the next round of the loop, after this round has read its sockets.
      afterInBackground(0, () => {
        this.#isAfterGap = false;
      });
    }
    this.#plan();
  };
}
