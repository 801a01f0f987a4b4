/**
 * What processes write, kept in files: `products-1.log`, and when that is full `products-1.log.1`, `.2`, ... Each line stands behind
 * its time. Owns the files; writes several times a second, never in the way of the processes.
 *
 * A disk that is full, or slow, costs lines and nothing else: they are counted, told once, and written again as soon as it goes.
 */
import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterInBackground, asError, type Timer, wallTime } from "../kit/index.ts";

/** Lines are gathered for so long, in ms. */
const gatherMs = 100;
/** So much may wait for the disk, in characters; what comes then is lost. */
const waitingMax = 4 * 2 ** 20;

/** Where, and how much. */
export interface LogFilesOptions {
  readonly folder: string;
  /** A file that is larger is put aside, in bytes. */
  readonly fileBytesMax: number;
  /** How many that were put aside are kept. */
  readonly keptFiles: number;
  /** Told when lines begin to be lost, and when they are written again. */
  say(text: string): void;
}

export class LogFiles {
  readonly #options: LogFilesOptions;
  readonly #files = new Map<string, LogFile>();

  constructor(options: LogFilesOptions) {
    this.#options = options;
  }

  /** Keeps a line of a process. */
  line(name: string, line: string): void {
    let file = this.#files.get(name);
    if (!file) {
      file = new LogFile(join(this.#options.folder, `${name}.log`), this.#options);
      this.#files.set(name, file);
    }
    file.add(`${new Date(wallTime()).toISOString()} ${line}\n`);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.flush()));
  }
}

class LogFile {
  readonly #path: string;
  readonly #options: LogFilesOptions;
  #waiting: string[] = [];
  #waitingLength = 0;
  #lostLines = 0;
  #size: number | undefined;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, options: LogFilesOptions) {
    this.#path = path;
    this.#options = options;
  }

  add(text: string): void {
    if (this.#waitingLength + text.length > waitingMax) {
      this.#lost(1, "the disk is too slow");
      return;
    }
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    this.#timer ??= afterInBackground(gatherMs, () => void this.flush());
  }

  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    if (lines.length > 0) this.#writing = this.#writing.then(() => this.#write(lines));
    return this.#writing;
  }

  async #write(lines: readonly string[]): Promise<void> {
    const text = lines.join("");
    try {
      this.#size ??= await this.#open();
      if (this.#size > this.#options.fileBytesMax) await this.#putAside();
      await appendFile(this.#path, text, { mode: 0o600 });
      this.#size = (this.#size ?? 0) + Buffer.byteLength(text);
      if (this.#lostLines > 0)
        this.#options.say(`${this.#path} is written again; ${this.#lostLines} lines were lost`);
      this.#lostLines = 0;
    } catch (thrown) {
      this.#lost(lines.length, asError(thrown).message);
    }
  }

  /** Makes the folder, and gives the size of the file that is there. */
  async #open(): Promise<number> {
    await mkdir(this.#options.folder, { recursive: true });
    const found = await stat(this.#path).catch(() => undefined);
    return found?.size ?? 0;
  }

  async #putAside(): Promise<void> {
    for (let number = this.#options.keptFiles; number > 0; number -= 1) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      // What cannot be put aside would grow without end; what is not there need not be.
      await rename(from, `${this.#path}.${number}`).catch((thrown) => {
        if (thrown.code !== "ENOENT") throw thrown;
      });
    }
    this.#size = 0;
  }

  #lost(count: number, reason: string): void {
    if (this.#lostLines === 0) this.#options.say(`lines of ${this.#path} are lost: ${reason}`);
    this.#lostLines += count;
  }
}
