import type { Command } from "commander";
import { mebibytes, type ProcessStatus } from "../supervisor/index.ts";
import { type DataFlag, dataFolderOf, fleetOf } from "./running-fleet.ts";
import { print, printJson, table } from "./terminal.ts";

/** `dure ps`: the processes of the fleet that runs on this data folder. */
export function definePs(program: Command): void {
  program
    .command("ps")
    .description("list the processes of the running fleet")
    .option("--json", "print a JSON array, one object a process")
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(ps);
}

async function ps(flags: DataFlag & { json?: boolean }): Promise<void> {
  const dataFolder = dataFolderOf(flags);
  const { processes } = await fleetOf(dataFolder);
  if (flags.json) return printJson(processes);
  return print(table(headings, processes.map(rowOf)));
}

const headings = "NAME PID PORT STATE RESTARTS UPTIME MEMORY CPU LAST-EXIT".split(" ");

function rowOf(status: ProcessStatus): string[] {
  const { name, pid, port, state, restarts, uptimeMs, memoryBytes, cpuShare, lastExit } = status;
  return [
    name,
    String(pid ?? "-"),
    String(port ?? "-"),
    state,
    String(restarts),
    uptimeMs === null ? "-" : duration(uptimeMs),
    memoryBytes === null ? "-" : mebibytes(memoryBytes),
    cpuShare === null ? "-" : `${Math.round(cpuShare * 100)} %`,
    // A message may have several lines; a row has one.
    (lastExit ?? "-").split("\n")[0] ?? "",
  ];
}

/** `42s`, `7m`, `3h`, `12d`: the largest unit that fits. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

const examples = `
Examples:
  $ dure ps
  $ dure ps --json
  $ DURE_DATA=/srv/shop/.dure dure ps`;
