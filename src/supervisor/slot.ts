/**
 * One place in the fleet and the process that holds it. In a reload a second process is tried beside it; only when that one is ready
 * does it take the place, and the former one is asked to stop.
 *
 * ```
 *   current  ------------------------------ asked to stop, drains, exits
 *   trial             start ... ready | = current --------------------->
 * ```
 * Invariants: (P1) `current` changes only to a process that is ready; (P2) at most one trial at a time.
 */
import { DureError, sleep } from "../kit/index.ts";
import { describeExit } from "./core/exit-report.ts";
import type { ProcessPhase } from "./core/process-state.ts";
import { ManagedProcess, type ProcessListener, type ProcessSpec } from "./managed-process.ts";
import { type RestartPolicy, stopMsFor } from "./options.ts";

/** `overlap`: the new process is ready before the old one goes. `replace`: there may be only one at a time. */
export type ReloadWay = "overlap" | "replace";

/** A place to fill. */
export interface SlotSpec extends ProcessSpec {
  /** Those of a lower rank are stopped first, those of one rank together. */
  readonly stopRank: number;
  readonly reload: ReloadWay;
  /** How long its requests may take once it was asked to stop, in ms. Default: what the policy leaves for it. */
  readonly drainMs?: number | undefined;
}

export class Slot {
  readonly spec: SlotSpec;
  readonly #policy: RestartPolicy;
  readonly #listener: ProcessListener;
  readonly #leaving = new Set<ManagedProcess>();
  #current: ManagedProcess;
  #trial: ManagedProcess | undefined;
  #onTried: ((failure: string | undefined) => void) | undefined;

  constructor(spec: SlotSpec, policy: RestartPolicy, listener: ProcessListener) {
    this.spec = spec;
    const { drainMs } = spec;
    this.#policy = drainMs === undefined ? policy : { ...policy, stopMsMax: stopMsFor(drainMs) };
    this.#listener = listener;
    this.#current = this.#make();
  }

  get current(): ManagedProcess {
    return this.#current;
  }

  /** The process that holds the place, then whoever comes or goes. */
  get all(): readonly ManagedProcess[] {
    return [this.#current, ...(this.#trial ? [this.#trial] : []), ...this.#leaving];
  }

  /** Starts its process, giving way to those that serve. Rejects with UNAVAILABLE if that does not become ready; it is tried again all the same. */
  async start(): Promise<void> {
    const failure = await this.#outcomeOf(() => this.#current.start(true));
    if (failure !== undefined) throw new DureError("UNAVAILABLE", failure);
  }

  /** Gives the place to a new process. Rejects with FAILED_PRECONDITION if that one does not become ready. */
  async reload(): Promise<void> {
    const failure = await (this.spec.reload === "overlap" ? this.#overlap() : this.#replace());
    if (failure !== undefined) throw new DureError("FAILED_PRECONDITION", failure);
  }

  /** Ends all its processes in order. `isReplaced`: others do their work from now on, so that they need not hurry. */
  async stop(isReplaced = false): Promise<void> {
    await Promise.all(this.all.map((process) => process.stop(isReplaced)));
  }

  async #overlap(): Promise<string | undefined> {
    const trial = this.#make();
    this.#trial = trial;
    const failure = await this.#outcomeOf(() => trial.start(true));
    if (failure !== undefined) {
      await trial.stop();
      this.#trial = undefined;
      return `the new process did not become ready and the old one goes on: ${failure}`;
    }
    const former = this.#current;
    this.#current = trial;
    this.#trial = undefined;
    this.#listener.onPhase(trial, "ready");
    this.#leaving.add(former);
    await sleep(this.#policy.overlapMs);
    await former.stop(true);
    this.#leaving.delete(former);
    return undefined;
  }

  async #replace(): Promise<string | undefined> {
    const failure = await this.#outcomeOf(() => this.#current.restart());
    return failure === undefined ? undefined : `the new process did not become ready: ${failure}`;
  }

  /** How a start goes: undefined once it is ready, otherwise why it is not. */
  #outcomeOf(start: () => void): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#onTried = resolve;
      start();
    });
  }

  #make(): ManagedProcess {
    const onPhase: ProcessListener["onPhase"] = (process, phase) => this.#onPhase(process, phase);
    return new ManagedProcess(this.spec, this.#policy, { ...this.#listener, onPhase });
  }

  #onPhase(process: ManagedProcess, phase: ProcessPhase): void {
    const isTrial = process === this.#trial;
    if (isTrial || (process === this.#current && !this.#trial)) this.#tell(process, phase);
    if (!isTrial) this.#listener.onPhase(process, phase);
  }

  #tell({ lastExit }: ManagedProcess, phase: ProcessPhase): void {
    if (phase === "starting" || phase === "stopping") return;
    const onTried = this.#onTried;
    this.#onTried = undefined;
    if (phase === "ready") onTried?.(undefined);
    else onTried?.(lastExit ? describeExit(lastExit) : "it was stopped");
  }
}
