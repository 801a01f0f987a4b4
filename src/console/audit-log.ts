import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { z } from "zod";
import { asError, wallTime } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { AuditEntry } from "./schemas/edge.ts";

type Entry = z.infer<typeof AuditEntry>;

/** Entries that can be looked at here; the files have more. */
const shownMax = 1_000;
/** A file that is larger is put aside, in the place of the one before it. */
const fileBytesMax = 5 * 2 ** 20;
/** Of what somebody typed so much is noted. */
const textMax = 500;

/** Who did what: the last ones in memory, all of them in a file, one JSON object a line. */
export class AuditLog {
  readonly #path: string | undefined;
  readonly #logger: Logger;
  readonly #entries: Entry[] = [];
  #nextId = 1;

  /** Goes on with what earlier runs wrote. @param path undefined: only in memory. */
  constructor(path: string | undefined, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    if (path === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    const lines = [`${path}.1`, path].flatMap((file) => this.#linesOf(file));
    for (const line of lines.slice(-shownMax)) this.#remember(line);
  }

  add(entry: Omit<Entry, "id" | "at">): void {
    const target = entry.target.slice(0, textMax);
    const whole = { id: this.#nextId, at: wallTime(), ...entry, target };
    this.#nextId += 1;
    this.#entries.push(whole);
    if (this.#entries.length > shownMax) this.#entries.shift();
    if (this.#path !== undefined) this.#write(this.#path, `${JSON.stringify(whole)}\n`);
  }

  /** Newest first. */
  list(limit: number, before = Number.POSITIVE_INFINITY): Entry[] {
    return this.#entries
      .filter(({ id }) => id < before)
      .slice(-limit)
      .reverse();
  }

  #linesOf(path: string): string[] {
    try {
      return readFileSync(path, "utf8").split("\n").slice(0, -1);
    } catch (thrown) {
      const { code, message: reason } = asError(thrown) as NodeJS.ErrnoException;
      if (code !== "ENOENT")
        this.#logger.error("the console's audit log cannot be read; it is kept", { path, reason });
      return [];
    }
  }

  /** A line that a crash cut in two, or that somebody changed, is passed over: the file still has it. */
  #remember(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return;
    }
    const { data } = AuditEntry.safeParse(value);
    if (!data) return;
    // Numbers only go up, so that pages of the list join.
    const id = Math.max(data.id, this.#nextId);
    this.#entries.push({ ...data, id });
    this.#nextId = id + 1;
  }

  #write(path: string, line: string): void {
    try {
      appendFileSync(path, line, { mode: 0o600 });
      if (statSync(path).size > fileBytesMax) renameSync(path, `${path}.1`);
    } catch (thrown) {
      this.#logger.error("the console's audit log cannot be written", {
        path,
        reason: asError(thrown).message,
      });
    }
  }
}
