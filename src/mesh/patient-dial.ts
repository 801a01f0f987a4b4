import type { Client } from "../wire/index.ts";
import type { Target } from "./targets.ts";

/** An instance that cannot be connected to by then is left for another, in ms (RFC 8305, section 5: Connection Attempt Delay). */
const dialPatienceMs = 250;

/** A call that needs a link. */
export interface PatientDial {
  readonly target: Target;
  /** What the call has time for. */
  readonly remainingMs: number;
  /** Calls `run` after `delayMs`; gives back how to stop it. */
  later(delayMs: number, run: () => void): () => void;
  /** Whether the call could go elsewhere. */
  hasOther(): boolean;
  onLink(client: Client): void;
  /** Nobody answered, or not in time; the dial itself goes on for those that come later. */
  onLeft(): void;
}

/** Waits for a link while there is nobody else to ask, never beyond the call's time; ends in one of the two outcomes, once. */
export function dialPatiently(dial: PatientDial): void {
  let isOver = false;
  let stopWaiting = () => {};
  const endWith = (outcome: () => void) => {
    if (isOver) return;
    isOver = true;
    stopWaiting();
    outcome();
  };
  const leave = () => endWith(() => dial.onLeft());
  const patienceMs = Math.min(dialPatienceMs, dial.remainingMs);
  stopWaiting = dial.later(patienceMs, () => {
    const leftMs = dial.remainingMs - patienceMs;
    if (leftMs <= 0 || dial.hasOther()) leave();
    else stopWaiting = dial.later(leftMs, leave);
  });
  dial.target.connect().then((client) => endWith(() => dial.onLink(client)), leave);
}
