import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { sleep } from "../kit/index.ts";
import { LogOutput } from "../supervisor/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { type LogLine, LogReader } from "./logs/log-reader.ts";
import { type DataFlag, dataFolderOf } from "./running-fleet.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { hasColours } from "./terminal.ts";

/** New lines are looked for so often, in ms. */
const followMs = 200;

interface LogsFlags extends DataFlag {
  readonly follow?: boolean;
  readonly lines: number;
  readonly raw?: boolean;
  readonly trace?: string;
}

/** `dure logs`: what the processes of a fleet wrote. */
export function defineLogs(program: Command): void {
  program
    .command("logs")
    .description("show what the processes of a fleet wrote, in the order in which they wrote it")
    .argument("[names...]", "products-1 is one, products all of a kind; none: all")
    .option("-f, --follow", "go on with what they write from now on")
    .option("-n, --lines <number>", "how many lines of what is there; 0: all", linesOf, 100)
    .option("--trace <id>", "of all lines those of one trace")
    .option("--raw", "lines as they were written, behind name and time")
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(logs);
}

async function logs(names: readonly string[], flags: LogsFlags): Promise<void> {
  const folder = join(dataFolderOf(flags), "logs");
  const readers = new Map<string, LogReader>();
  const findNew = () => {
    for (const name of namesIn(folder, names)) {
      if (!readers.has(name)) readers.set(name, new LogReader(name, join(folder, `${name}.log`)));
    }
    return [...readers.values()];
  };
  const found = findNew();
  if (found.length === 0) {
    const what = names.length > 0 ? `of ${names.join(", ")} ` : "";
    const message = `there are no logs ${what}in ${folder}; "dure up" writes them`;
    throw new CommandError(message, exitCodes.nobodyThere);
  }
  const show = printer(flags, [...readers.keys()]);
  const { trace } = flags;
  const count = trace === undefined ? flags.lines : 0;
  const isWanted = ({ text }: LogLine) => trace === undefined || text.includes(trace);
  const last = inOrder(found.flatMap((reader) => reader.tail(count).filter(isWanted)));
  show(count === 0 ? last : last.slice(-count));
  if (!flags.follow) return;
  process.stdout.on("error", () => process.exit(0));
  stopOnSignal(async () => {});
  for (;;) {
    await sleep(followMs);
    show(inOrder(findNew().flatMap((reader) => reader.next().filter(isWanted))));
  }
}

/** The processes that have logs and are meant. */
function namesIn(folder: string, wanted: readonly string[]): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).flatMap((file) =>
    file.endsWith(".log") ? [file.slice(0, -".log".length)] : [],
  );
  const kindOf = (name: string) => name.replace(/-\d+$/, "");
  return names
    .filter((name) => wanted.length === 0 || wanted.includes(name) || wanted.includes(kindOf(name)))
    .sort();
}

function inOrder(lines: readonly LogLine[]): LogLine[] {
  return lines.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function printer(flags: LogsFlags, names: readonly string[]): (lines: readonly LogLine[]) => void {
  const write = (text: string) => process.stdout.write(text);
  const output = new LogOutput({ write, hasColours: hasColours(), names });
  return (lines) => {
    for (const { name, time, text } of lines) {
      if (flags.raw) write(`${name} ${time} ${text}\n`);
      else output.line(name, text);
    }
  };
}

function linesOf(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number; 0 shows all lines.");
}

const examples = `
Examples:
  $ dure logs
  $ dure logs -f products
  $ dure logs products-1 gateway -n 0 --raw`;
