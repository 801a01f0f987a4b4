import { formatHostPort } from "../../config/index.ts";
import { describeExit, type ManagedProcess, type ProcessPhase } from "../../supervisor/index.ts";
import { exitCodes } from "../exit-code.ts";

/** What the fleet is at when a process changes. */
export interface FleetMoment {
  readonly isStopping: boolean;
  /** Never ready so far, and given up if a process cannot start; the reason is then told at the end. */
  readonly isGivenUp: boolean;
  /** Whether a change of a file starts a process that ended, instead of a timer. */
  readonly isWatched: boolean;
}

/** What to say of a process that changed, if anything. */
export function describePhase(
  process: ManagedProcess,
  phase: ProcessPhase,
  { isStopping, isGivenUp, isWatched }: FleetMoment,
): string | undefined {
  const code = process.lastExit?.code;
  const isHopeless = code === exitCodes.usage || code === exitCodes.portTaken;
  switch (phase) {
    case "ready": {
      const again = process.restarts > 0 ? ` again (restart ${process.restarts})` : "";
      const { host = "", port } = process;
      return `ready${again}${port === undefined ? "" : `   ${formatHostPort({ host, port })}`}`;
    }
    case "backing-off":
      if (isGivenUp && isHopeless) return "cannot start; the reason is told at the end";
      return `${ended(process)}; starting it again`;
    case "crash-loop":
      if (isWatched) return `${ended(process)}\nwaiting for a file to change`;
      return `${ended(process)}, again and again; trying less often`;
    case "stopped":
      return isStopping ? "stopped" : undefined;
    case "starting":
    case "stopping":
      return undefined;
  }
}

function ended({ lastExit }: ManagedProcess): string {
  return `ended: ${lastExit ? describeExit(lastExit) : "unknown"}`;
}
