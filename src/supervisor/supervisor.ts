import { asError, DureError } from "../kit/index.ts";
import { exposition } from "../telemetry/index.ts";
import { describeExit } from "./core/exit-report.ts";
import type { ProcessPhase } from "./core/process-state.ts";
import type { ManagedProcess, ProcessListener } from "./managed-process.ts";
import { defaultPolicy, type RestartPolicy } from "./options.ts";
import { Slot, type SlotSpec } from "./slot.ts";

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
  /** Told nothing of the phases of a process that is only being tried. */
  readonly listener: ProcessListener;
  readonly policy?: Partial<RestartPolicy>;
}

/** How a reload went. */
export interface ReloadReport {
  /** Those whose new process is at work, in order. */
  readonly reloaded: readonly string[];
  /** Those whose new process did not become ready, and why. After one of them no other is begun. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
  /** Those that were not begun. */
  readonly untouched: readonly string[];
}

/** How a change of numbers went. */
export interface ScaleReport {
  /** Added ones that did not become ready at once, and why; they are tried again. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
}

/** Keeps a set of processes running, and ends them in order. */
export class Supervisor {
  readonly #listener: ProcessListener;
  readonly #policy: RestartPolicy;
  readonly #slots: Slot[] = [];
  #stopping: Promise<void> | undefined;
  #isStopping = false;
  #isReloading = false;

  constructor({ listener, policy }: SupervisorOptions) {
    this.#listener = listener;
    this.#policy = { ...defaultPolicy, ...policy };
  }

  /** The process at work in each place, in the order in which places were added. */
  get processes(): readonly ManagedProcess[] {
    return this.#slots.map(({ current }) => current);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Adds a place; `start` starts its process, as does the place's own. */
  add(spec: SlotSpec): Slot {
    const slot = new Slot(spec, this.#policy, this.#listener);
    this.#slots.push(slot);
    return slot;
  }

  /** Ends a place's processes in order, and gives it up; others of its kind do its work from now on. */
  async remove(name: string): Promise<void> {
    const slot = this.#slots.find(({ spec }) => spec.name === name);
    if (!slot) return;
    await slot.stop(true);
    this.#slots.splice(this.#slots.indexOf(slot), 1);
  }

  /** Starts whatever does not run. */
  start(): void {
    for (const process of this.processes) process.start();
  }

  /** What `dure ps` shows: of each place the process at work, then one that is tried or draining. */
  list(): ProcessStatus[] {
    return this.#slots.flatMap(({ all }) => all.map(statusOf));
  }

  /** What all processes count and measure, as Prometheus reads it, each line with its process. */
  async metrics(): Promise<string> {
    const sources = this.processes.map(async (process) => {
      return { labels: { process: process.name }, families: await process.metrics() };
    });
    return exposition(await Promise.all(sources));
  }

  /**
   * Gives each of these places to a new process, `batch` at a time, in order; ends with the first batch in which one does not become
   * ready. Rejects with ABORTED while another reload is at work, or the fleet stops.
   */
  async reload(names: readonly string[], batch: number): Promise<ReloadReport> {
    if (this.#isReloading || this.#isStopping) {
      const what = this.#isStopping ? "the fleet is stopping" : "another reload is at work";
      throw new DureError("ABORTED", `${what}; nothing was reloaded`);
    }
    this.#isReloading = true;
    try {
      return await this.#reload(names, batch);
    } finally {
      this.#isReloading = false;
    }
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
    for (const process of this.#slots.flatMap(({ all }) => all)) {
      void process.stop();
      process.kill();
    }
  }

  async #reload(names: readonly string[], batch: number): Promise<ReloadReport> {
    const waiting = this.#slots.filter(({ spec }) => names.includes(spec.name));
    const reloaded: string[] = [];
    const failures: { name: string; reason: string }[] = [];
    while (waiting.length > 0 && failures.length === 0 && !this.#isStopping) {
      const reloads = waiting.splice(0, batch).map(async (slot) => {
        const { name } = slot.spec;
        try {
          await slot.reload();
          reloaded.push(name);
        } catch (thrown) {
          failures.push({ name, reason: asError(thrown).message });
        }
      });
      await Promise.all(reloads);
    }
    return { reloaded, failures, untouched: waiting.map(({ spec }) => spec.name) };
  }

  async #stopByRank(): Promise<void> {
    const ranks = [...new Set(this.#slots.map(({ spec }) => spec.stopRank))];
    for (const rank of ranks.sort((a, b) => a - b)) {
      // What crashes now is not to come back; the ranks above still serve those that are draining.
      const members = this.#slots.filter(({ spec }) => spec.stopRank === rank);
      await Promise.all(members.map((slot) => slot.stop()));
    }
  }
}

function statusOf(process: ManagedProcess): ProcessStatus {
  const { name, phase, restarts, uptimeMs, vitals, lastExit } = process;
  return {
    name,
    pid: process.pid ?? null,
    port: process.port ?? null,
    state: phase,
    restarts,
    uptimeMs: uptimeMs === undefined ? null : Math.round(uptimeMs),
    memoryBytes: vitals?.memoryBytes ?? null,
    cpuShare: vitals ? Math.round(vitals.cpuShare * 1_000) / 1_000 : null,
    lastExit: lastExit ? describeExit(lastExit) : null,
  };
}
