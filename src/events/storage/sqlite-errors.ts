import { DureError } from "../../kit/index.ts";
import { damaged } from "./damage.ts";

/** Primary result codes (SQLite, "Result and Error Codes"). */
const sqlite = {
  ERROR: 1,
  BUSY: 5,
  READONLY: 8,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

/** What the system says for a quota or a limit of file sizes, and SQLite for a disk that fails. */
const writeFailed = 10 | (3 << 8);

/** What SQLite says, in words that name the file and the remedy; anything else as it is. */
export function explainSqlite(thrown: unknown, path: string): unknown {
  const { code, errcode, errstr } = thrown as { code?: string; errcode?: number; errstr?: string };
  if (code !== "ERR_SQLITE_ERROR" || errcode === undefined) return thrown;
  if (errcode === writeFailed) {
    const message = `${path} could not be written (no space, a quota, a limit of file sizes, or a disk that fails); nothing was stored. Publishers go on by themselves once it can`;
    return new DureError("RESOURCE_EXHAUSTED", message, { cause: thrown });
  }
  switch (errcode & 0xff) {
    case sqlite.BUSY:
      return new DureError(
        "ALREADY_EXISTS",
        `${path} is in use by another process; a log has one process, stop the other or choose another folder`,
        { cause: thrown },
      );
    case sqlite.FULL:
      return new DureError(
        "RESOURCE_EXHAUSTED",
        `the disk of ${path} is full; nothing was stored. Make room, publishers go on by themselves`,
        { cause: thrown },
      );
    // Statements are fixed: one that makes no sense to SQLite has met tables that are not what was made.
    case sqlite.ERROR:
    case sqlite.CORRUPT:
    case sqlite.NOTADB:
      return damaged(path, `${errstr}`);
    case sqlite.READONLY:
    case sqlite.CANTOPEN:
      return new DureError(
        "FAILED_PRECONDITION",
        `${path} cannot be written (${errstr}); check the folder and its owner`,
        { cause: thrown },
      );
    default:
      return new DureError("UNAVAILABLE", `${path}: ${errstr}`, { cause: thrown });
  }
}
