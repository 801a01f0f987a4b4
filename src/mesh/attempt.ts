import type { CallObserver, Outcome, PendingCall } from "../wire/index.ts";
import type { Attempts } from "./attempts.ts";
import type { Target } from "./targets.ts";

/** One attempt at one instance. */
export class Attempt implements CallObserver {
  readonly target: Target;
  readonly sentAt: number;
  readonly #owner: Attempts;
  #call: PendingCall | undefined;
  /** Whether its instance has fallen silent since it was sent. */
  isSuspected = false;
  /** Each attempt is given one companion at most. */
  hasCompanion = false;

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
