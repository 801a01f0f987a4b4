import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { LineSplitter } from "../../supervisor/index.ts";

/** A line of a process's log. */
export interface LogLine {
  readonly name: string;
  /** ISO 8601, so that it sorts as text. */
  readonly time: string;
  readonly text: string;
}

/** Read from the end at most, in bytes: what is asked for is there, or the lines are very long. */
const tailBytesMax = 4 * 2 ** 20;

/** Reads one process's log, and then what is added to it, across rotations. */
export class LogReader {
  readonly #name: string;
  readonly #path: string;
  #fileId = 0;
  #offset = 0;
  #lines: LogLine[] = [];
  #splitter = this.#newSplitter();

  constructor(name: string, path: string) {
    this.#name = name;
    this.#path = path;
  }

  /** The last lines, at most so many; 0: all. */
  tail(count: number): LogLine[] {
    return this.#read(count === 0 ? Number.POSITIVE_INFINITY : tailBytesMax).slice(
      -count || Number.NEGATIVE_INFINITY,
    );
  }

  /** What was added since. */
  next(): LogLine[] {
    return this.#read(Number.POSITIVE_INFINITY);
  }

  #read(bytesMax: number): LogLine[] {
    if (!existsSync(this.#path)) return [];
    const file = openSync(this.#path, "r");
    try {
      const { ino, size } = fstatSync(file);
      const isNew = ino !== this.#fileId || size < this.#offset;
      if (isNew) {
        this.#fileId = ino;
        this.#offset = Math.max(0, size - bytesMax);
        this.#splitter = this.#newSplitter();
      }
      const chunk = Buffer.alloc(64 * 1_024);
      for (let length = 1; length > 0; ) {
        length = readSync(file, chunk, 0, chunk.length, this.#offset);
        this.#offset += length;
        this.#splitter.push(chunk.subarray(0, length));
      }
      // Begun in the middle of the file, and so in the middle of a line.
      return isNew && size > bytesMax ? this.#lines.slice(1) : this.#lines;
    } finally {
      closeSync(file);
      this.#lines = [];
    }
  }

  #newSplitter(): LineSplitter {
    return new LineSplitter((line) => {
      const at = line.indexOf(" ");
      this.#lines.push({ name: this.#name, time: line.slice(0, at), text: line.slice(at + 1) });
    });
  }
}
