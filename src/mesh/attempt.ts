import type { CallObserver, Outcome, PendingCall } from "../wire/index.ts";
import type { Attempts } from "./attempts.ts";
import type { Target } from "./targets.ts";

/** One attempt at one instance. */
export class Attempt implements CallObserver {
  readonly target: Target;
  readonly sentAt: number;
  readonly #owner: Attempts;
  #call: PendingCall | undefined;
  #isDoubted = false;

  constructor(owner: Attempts, target: Target, sentAt: number) {
    this.#owner = owner;
    this.target = target;
    this.sentAt = sentAt;
  }

  begin(call: PendingCall): void {
    this.#call = call;
    call.observe(this);
  }

  cancel(): void {
    this.#call?.cancel();
  }

  /** True once: each attempt is given one companion at most. */
  isFirstDoubt(): boolean {
    const isFirst = !this.#isDoubted;
    this.#isDoubted = true;
    return isFirst;
  }

  onOutcome(outcome: Outcome): void {
    this.#owner.onAttemptOutcome(this, outcome);
  }

  onSuspect(): void {
    this.#owner.onAttemptSuspect(this);
  }

  onWaiting(waitedMs: number): void {
    this.#owner.onAttemptWaiting(this, waitedMs);
  }
}
