import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";

/** By what files are known to be others than they were, however they were changed: written, moved into place, or pointed to by a link. */
export class FileStamps {
  readonly #paths: readonly string[];
  #stamp: string;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#stamp = stampOf(paths.map((path) => statSync(path, { throwIfNoEntry: false })));
  }

  /** Whether one of them is another than at the last look. One that cannot be looked at is like one that is not there. */
  async haveChanged(): Promise<boolean> {
    const stats = this.#paths.map((path) => stat(path).catch(() => undefined));
    const stamp = stampOf(await Promise.all(stats));
    const isAnother = stamp !== this.#stamp;
    this.#stamp = stamp;
    return isAnother;
  }
}

function stampOf(stats: readonly (Stats | undefined)[]): string {
  return stats.map((file) => `${file?.ino}/${file?.mtimeMs}/${file?.size}`).join();
}
