import { z } from "zod";

/** Ten minutes: a call that waits longer is not a call. */
export const deadlineMsMax = 600_000;

/** Time for a call. */
export const deadlineMs = z.int().min(1).max(deadlineMsMax);

/** The name of a process, or of a version of a route. */
export const processName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]*$/, "must be letters, digits and hyphens, starting with a letter");

/** Whether a text is the URL of an HTTP server. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}
