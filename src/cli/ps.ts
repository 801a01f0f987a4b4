import type { Command } from "commander";
import { runningFleet } from "../supervisor/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { dataFolderOf, type ProjectFlags } from "./project.ts";
import { print, printJson, table } from "./terminal.ts";

/** `dure ps`: the processes of the fleet that runs on this data folder. */
export function definePs(program: Command): void {
  program
    .command("ps")
    .description("list the processes of the running fleet")
    .option("--json", "print a JSON array of { name, pid, port, state, restarts }")
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(ps);
}

async function ps(flags: ProjectFlags & { json?: boolean }): Promise<void> {
  const dataFolder = dataFolderOf(flags);
  const { processes } = await fleetOf(dataFolder);
  if (flags.json) return printJson(processes);
  const rows = processes.map(({ name, pid, port, state, restarts }) => [
    name,
    String(pid ?? "-"),
    String(port ?? "-"),
    state,
    String(restarts),
  ]);
  return print(table(["NAME", "PID", "PORT", "STATE", "RESTARTS"], rows));
}

/** The fleet that runs on a folder; fails with the exit code "nobody there" if there is none. */
async function fleetOf(dataFolder: string) {
  const fleet = await runningFleet(dataFolder);
  if (fleet) return fleet;
  throw new CommandError(
    `no fleet runs on ${dataFolder}; start one with "dure up", or name its folder with --data or DURE_DATA`,
    exitCodes.nobodyThere,
  );
}

const examples = `
Examples:
  $ dure ps
  $ dure ps --json
  $ DURE_DATA=/srv/shop/.dure dure ps`;
