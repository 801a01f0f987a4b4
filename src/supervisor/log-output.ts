import { styleText } from "node:util";
import { type ReadableLine, readableLine } from "../telemetry/index.ts";

type Style = "cyan" | "green" | "yellow" | "magenta" | "blue" | "red" | "gray";

/** Told apart by eye; red and gray mean something of their own. */
const palette: readonly Style[] = ["cyan", "green", "magenta", "blue", "yellow"];

const levelStyles: Readonly<Record<ReadableLine["level"], Style | undefined>> = {
  debug: "gray",
  info: undefined,
  warn: "yellow",
  error: "red",
  none: undefined,
};

/** What a {@link LogOutput} needs. */
export interface LogOutputOptions {
  write(text: string): void;
  /** Whether the text may have colours. */
  readonly hasColours: boolean;
  /** The names that will come, so that columns line up. */
  readonly names: readonly string[];
}

/** Many processes' lines as one text, each behind its process's name. */
export class LogOutput {
  readonly #options: LogOutputOptions;
  readonly #width: number;

  constructor(options: LogOutputOptions) {
    this.#options = options;
    this.#width = Math.max(0, ...options.names.map((name) => name.length));
  }

  /** A line that a process wrote. */
  line(name: string, line: string): void {
    const { level, text } = readableLine(line, name);
    const style = levelStyles[level];
    const mark = level === "warn" || level === "error" ? `${level} ` : "";
    for (const part of (mark + text).split("\n")) {
      this.#write(name, `| ${style ? this.#paint(style, part) : part}`);
    }
  }

  /** Something that the supervisor says of a process. */
  note(name: string, text: string): void {
    for (const part of text.split("\n")) this.#write(name, part);
  }

  /** A line of its own. */
  plain(text: string): void {
    this.#options.write(`${text}\n`);
  }

  #write(name: string, text: string): void {
    const index = Math.max(0, this.#options.names.indexOf(name));
    const prefix = this.#paint(palette[index % palette.length] as Style, name.padEnd(this.#width));
    this.#options.write(`${prefix} ${text}\n`);
  }

  #paint(style: Style, text: string): string {
    return this.#options.hasColours ? styleText(style, text, { validateStream: false }) : text;
  }
}
