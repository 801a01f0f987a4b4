import type { RestartPolicy } from "../options.ts";
import type { ProcessPhase } from "./process-state.ts";

/** How a process ended. */
export interface ExitReport {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said itself before it ended, or why it was ended, if either is known. */
  readonly message: string | undefined;
}

/** An exit in words for people: `SIGKILL: it gave no sign of life for 20 s`. */
export function describeExit({ code, signal, message }: ExitReport): string {
  const how = signal ?? (code === null ? undefined : `exit code ${code}`);
  return [how, message].filter((part) => part !== undefined).join(": ");
}

/** Why a process is killed whose time is over in a phase. */
export function lateReason(phase: ProcessPhase, policy: RestartPolicy): string {
  if (phase === "starting") return `it was not ready within ${seconds(policy.startMsMax)}`;
  if (phase === "ready") return `it gave no sign of life for ${seconds(policy.silenceMsMax)}`;
  return `it did not stop within ${seconds(policy.stopMsMax)}`;
}

/** Why a process is ended that needs too much memory. */
export function overweightReason(memoryBytes: number, memoryBytesMax: number): string {
  return `it needed ${mebibytes(memoryBytes)}, more than its ${mebibytes(memoryBytesMax)}`;
}

/** `85 MiB` */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
