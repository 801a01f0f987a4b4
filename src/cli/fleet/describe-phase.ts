import type { ExitReport, ManagedProcess, ProcessPhase } from "../../supervisor/index.ts";

/** What to say of a process that changed, if anything. */
export function describePhase(
  process: ManagedProcess,
  phase: ProcessPhase,
  isFleetStopping: boolean,
): string | undefined {
  switch (phase) {
    case "ready": {
      const again = process.restarts > 0 ? ` again (restart ${process.restarts})` : "";
      return `ready${again}${process.port === undefined ? "" : `   port ${process.port}`}`;
    }
    case "backing-off":
      return `${ended(process.lastExit)}; starting it again`;
    case "crash-loop":
      return `${ended(process.lastExit)}, again and again; trying less often`;
    case "stopped":
      return isFleetStopping ? "stopped" : undefined;
    case "starting":
    case "stopping":
      return undefined;
  }
}

function ended(exit: ExitReport | undefined): string {
  if (exit?.message) return `ended: ${exit.message}`;
  if (exit?.signal) return `was ended by ${exit.signal}`;
  return `ended with exit code ${exit?.code}`;
}
