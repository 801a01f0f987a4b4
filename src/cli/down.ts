import type { Command } from "commander";
import { sleep } from "../kit/index.ts";
import { isFleetThere } from "../supervisor/index.ts";
import { type DataFlag, dataFolderOf, fleetOf } from "./running-fleet.ts";
import { print } from "./terminal.ts";

/** It is looked so often whether the fleet is gone, in ms. */
const lookMs = 50;

/** `dure down`: ends the running fleet in order. */
export function defineDown(program: Command): void {
  program
    .command("down")
    .description("end the running fleet in order, as Ctrl-C does")
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(down);
}

async function down(flags: DataFlag): Promise<void> {
  const dataFolder = dataFolderOf(flags);
  const { pid, mesh, processes } = await fleetOf(dataFolder);
  process.kill(pid, "SIGTERM");
  while (isFleetThere(dataFolder, pid)) await sleep(lookMs);
  await print(`stopped ${mesh}, ${processes.length} processes`);
}

const examples = `
Examples:
  $ dure down
  $ DURE_DATA=/srv/shop/.dure dure down

It answers when all processes have finished their requests and are gone.`;
