import { describeExit } from "./core/exit-report.ts";
import type { ProcessPhase } from "./core/process-state.ts";
import { ManagedProcess, type ProcessListener, type ProcessSpec } from "./managed-process.ts";
import { defaultPolicy, type RestartPolicy } from "./options.ts";

/** One line of `dure ps`. */
export interface ProcessStatus {
  readonly name: string;
  /** `null` while no process runs. */
  readonly pid: number | null;
  /** `null` while it listens on none. */
  readonly port: number | null;
  readonly state: ProcessPhase;
  /** Starts after the first. */
  readonly restarts: number;
  /** Since when it runs; like the next two `null` while no process runs, or has told nothing yet. */
  readonly uptimeMs: number | null;
  /** Resident memory. */
  readonly memoryBytes: number | null;
  /** Cores it keeps busy: 0.5 is half of one. */
  readonly cpuShare: number | null;
  /** How it ended the last time, in words; `null` if it never did. */
  readonly lastExit: string | null;
}

/** What a {@link Supervisor} needs. */
export interface SupervisorOptions {
  readonly listener: ProcessListener;
  readonly policy?: Partial<RestartPolicy>;
}

/** Keeps a set of processes running, and ends them in order. */
export class Supervisor {
  readonly #listener: ProcessListener;
  readonly #policy: RestartPolicy;
  readonly #processes: { readonly process: ManagedProcess; readonly stopRank: number }[] = [];
  #stopping: Promise<void> | undefined;
  #isStopping = false;

  constructor({ listener, policy }: SupervisorOptions) {
    this.#listener = listener;
    this.#policy = { ...defaultPolicy, ...policy };
  }

  /** All processes, in the order in which they were added. */
  get processes(): readonly ManagedProcess[] {
    return this.#processes.map(({ process }) => process);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Adds a process; `start` starts it. Those of a lower rank are stopped first, those of one rank together. */
  add(spec: ProcessSpec, stopRank: number): ManagedProcess {
    const process = new ManagedProcess(spec, this.#policy, this.#listener);
    this.#processes.push({ process, stopRank });
    return process;
  }

  /** Starts whatever does not run. */
  start(): void {
    for (const process of this.processes) process.start();
  }

  /** What `dure ps` shows. */
  list(): ProcessStatus[] {
    return this.processes.map((process) => ({
      name: process.name,
      pid: process.pid ?? null,
      port: process.port ?? null,
      state: process.phase,
      restarts: process.restarts,
      uptimeMs: process.uptimeMs === undefined ? null : Math.round(process.uptimeMs),
      memoryBytes: process.vitals?.memoryBytes ?? null,
      cpuShare: process.vitals ? Math.round(process.vitals.cpuShare * 1_000) / 1_000 : null,
      lastExit: process.lastExit ? describeExit(process.lastExit) : null,
    }));
  }

  /** Stops everything, rank by rank; whoever outlives its time is killed. Resolves when no process is left. */
  stop(): Promise<void> {
    // Set first: processes end, and tell so, while the promise is still being made.
    this.#isStopping = true;
    this.#stopping ??= this.#stopByRank();
    return this.#stopping;
  }

  /** Ends everything at once, for good. */
  kill(): void {
    for (const process of this.processes) {
      void process.stop();
      process.kill();
    }
  }

  async #stopByRank(): Promise<void> {
    const ranks = [...new Set(this.#processes.map(({ stopRank }) => stopRank))];
    for (const rank of ranks.sort((a, b) => a - b)) {
      // What crashes now is not to come back; the ranks above still serve those that are draining.
      const members = this.#processes.filter(({ stopRank }) => stopRank === rank);
      await Promise.all(members.map(({ process }) => process.stop()));
    }
  }
}
