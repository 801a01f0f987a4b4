import { CommanderError } from "commander";
import { asError, DureError } from "../kit/index.ts";

/** What the command ends with, so that scripts can tell. The reference page lists the same. */
export const exitCodes = {
  ok: 0,
  /** It was tried and failed, or a called operation answered with an error. */
  failure: 1,
  /** The command line, an input or the configuration is wrong; nothing was started. */
  usage: 2,
  /** A port is taken. */
  portTaken: 3,
  /** No fleet, no Distributor or no instance to talk to. */
  nobodyThere: 4,
  /** A fleet runs on this data folder already. */
  alreadyRunning: 5,
} as const;

/** A failure that names its own exit code. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line, or what it names, is wrong. */
export function usageError(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}

/** Which exit code a failure gives. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommandError) return thrown.exitCode;
  if (thrown instanceof CommanderError) {
    return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (!(thrown instanceof DureError)) return exitCodes.failure;
  if (isPortTaken(thrown)) return exitCodes.portTaken;
  if (thrown.code === "ALREADY_EXISTS") return exitCodes.alreadyRunning;
  return thrown.code === "NOT_FOUND" ? exitCodes.usage : exitCodeOfCode(thrown.code);
}

/** Which exit code the error of a call gives. */
export function exitCodeOfCode(code: string): number {
  switch (code) {
    case "INVALID_ARGUMENT":
      return exitCodes.usage;
    case "UNAVAILABLE":
      return exitCodes.nobodyThere;
    default:
      return exitCodes.failure;
  }
}

/** Whether a failure is about a port that somebody else has. */
export function isPortTaken(thrown: unknown): boolean {
  const { cause } = asError(thrown);
  const details = thrown instanceof DureError ? thrown.details : undefined;
  return (
    (details as { reason?: string } | undefined)?.reason === "EADDRINUSE" ||
    (thrown as NodeJS.ErrnoException).code === "EADDRINUSE" ||
    (cause instanceof Error && isPortTaken(cause))
  );
}

/** What to print of a failure: the message where it was made for people, the stack where it is a bug. */
export function explain(thrown: unknown): string {
  if (thrown instanceof DureError || thrown instanceof CommandError) return thrown.message;
  const error = asError(thrown);
  return error.stack ?? error.message;
}
