import type { ManagedProcess } from "../../supervisor/index.ts";
import { CommandError, exitCodes } from "../exit-code.ts";

/**
 * Whether a fleet that was never ready should be given up, and why. A taken port ends it at once; wrong configuration when
 * every process has had its say, so that all problems are told together; anything else when a process is in a crash loop.
 */
export function giveUpReason(processes: readonly ManagedProcess[]): CommandError | undefined {
  // One that failed may be on its next try by now.
  const failed = processes.filter(({ phase, lastExit }) => lastExit && phase !== "ready");
  const portTaken = failed.filter(({ lastExit }) => lastExit?.code === exitCodes.portTaken);
  if (portTaken.length > 0) return reason(portTaken, exitCodes.portTaken);

  const isSomebodyStarting = processes.some(
    ({ phase, lastExit }) => phase === "starting" && !lastExit,
  );
  const looping = failed.filter(({ phase }) => phase === "crash-loop");
  const misconfigured = failed.filter(({ lastExit }) => lastExit?.code === exitCodes.usage);
  if (misconfigured.length > 0 && (looping.length > 0 || !isSomebodyStarting)) {
    return reason(misconfigured, exitCodes.usage);
  }
  if (looping.length > 0) return reason(looping, exitCodes.failure);
  return undefined;
}

/** Each message once: two instances of a service have the same one. */
function reason(processes: readonly ManagedProcess[], exitCode: number): CommandError {
  const lines = processes.map(({ name, lastExit }) => {
    const message = lastExit?.message ?? "ended again and again; its last lines are above";
    return exitCode === exitCodes.failure ? `${name}: ${message}` : message;
  });
  return new CommandError([...new Set(lines)].join("\n"), exitCode);
}
