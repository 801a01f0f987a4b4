import { crc32 } from "node:zlib";
import { DureError } from "../../kit/index.ts";

/** SQLite's pages carry no checksums, so each row carries one of everything that is in it. */
export function rowChecksum(...values: readonly (string | number)[]): number {
  const texts = values.map((value) => (typeof value === "string" ? value : `#${value}`));
  return crc32(texts.join("\n"));
}

/** What is told of a damaged file. */
export function damaged(path: string, what: string, details: object = {}): DureError {
  return new DureError(
    "DATA_LOSS",
    `${path} is damaged: ${what}; nothing was deleted. Restore it from a backup`,
    { details: { path, ...details } },
  );
}

/** Throws DATA_LOSS for a row that is not what was written. */
export function checkRow(isIntact: boolean, path: string, what: string): void {
  if (!isIntact) throw damaged(path, `${what} is not what was written`);
}
