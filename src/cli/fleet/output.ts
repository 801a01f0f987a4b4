import { join } from "node:path";
import type { ResolvedConfig } from "../../config/index.ts";
import { LogFiles, LogOutput } from "../../supervisor/index.ts";
import { hasColours } from "../terminal.ts";

/** What the supervisor itself says is kept under this name. */
const supervisorName = "supervisor";

/** What a fleet's output needs. */
export interface FleetOutputOptions {
  /** The names that will come, so that columns line up. */
  readonly names: readonly string[];
  /** Absent where nothing is kept. */
  readonly files?: ResolvedConfig["logFiles"] & { readonly dataFolder: string };
}

/** What the processes write and what is said of them: on the terminal, and in files. */
export class FleetOutput {
  readonly #terminal: LogOutput;
  readonly #files: LogFiles | undefined;
  #isHushed = false;

  constructor({ names, files }: FleetOutputOptions) {
    this.#terminal = new LogOutput({
      write: (text) => {
        if (!this.#isHushed) process.stdout.write(text);
      },
      hasColours: hasColours(),
      names,
    });
    if (!files) return;
    this.#files = new LogFiles({
      folder: join(files.dataFolder, "logs"),
      fileBytesMax: files.fileMb * 2 ** 20,
      keptFiles: files.keptFiles,
      say: (text) => this.#terminal.plain(text),
    });
  }

  /** A line that a process wrote. */
  line(name: string, line: string): void {
    this.#terminal.line(name, line);
    this.#files?.line(name, line);
  }

  /** Something that the supervisor says of a process. */
  note(name: string, text: string): void {
    this.#terminal.note(name, text);
    this.#keep(text, `${name} `);
  }

  /** A line of its own. */
  plain(text: string): void {
    this.#terminal.plain(text);
    this.#keep(text, "");
  }

  /** A line for whoever looks at the terminal now. */
  unkept(text: string): void {
    this.#terminal.plain(text);
  }

  /** From now on it goes to the files alone. */
  hush(): void {
    this.#isHushed = true;
  }

  /** Writes what waits for the disk. */
  async close(): Promise<void> {
    await this.#files?.close();
  }

  #keep(text: string, prefix: string): void {
    for (const part of text.split("\n")) this.#files?.line(supervisorName, prefix + part);
  }
}
