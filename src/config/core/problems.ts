import { DureError } from "../../kit/index.ts";

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Where: `gateway.port`, or the name of an environment variable or flag. */
  readonly path: string;
  /** What is wrong and what to do, as a sentence without its subject: `is "abc"; it must be a whole number`. */
  readonly message: string;
  /** Where it was set: `dure.config.ts:4:12`, `.env:3`, `the environment`. Absent where that is not known. */
  readonly at?: string;
}

/** All problems as one error, a line each, or undefined if there are none. */
export function problemsError(what: string, problems: readonly Problem[]): DureError | undefined {
  if (problems.length === 0) return undefined;
  const heading = `${what} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:`;
  const lines = problems.map(
    ({ path, message, at }) => `  ${at === undefined ? "" : `${at}: `}${path} ${message}`,
  );
  return new DureError("INVALID_ARGUMENT", [heading, ...lines].join("\n"), {
    details: { issues: problems },
  });
}

/** `(did you mean "gateway"?)`, or the list of what there is, or nothing. */
export function hintFor(suggestion: string | undefined, known: readonly string[]): string {
  if (suggestion) return ` (did you mean "${suggestion}"?)`;
  if (known.length === 0 || known.length > 12) return "";
  return ` (there is: ${known.join(", ")})`;
}
