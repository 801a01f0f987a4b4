import { InvalidArgumentError } from "commander";

/** A list that is separated by commas. */
export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

/** A port number; 0 is one. Throws commander's own error for anything else. */
export function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("It must be a port number from 0 to 65535.");
}
