import type { Command } from "commander";
import { askFleet } from "../supervisor/index.ts";
import { type DataFlag, dataFolderOf, fleetOf } from "./running-fleet.ts";
import { print } from "./terminal.ts";

/** `dure metrics`: what the processes of the fleet on this data folder count. */
export function defineMetrics(program: Command): void {
  program
    .command("metrics")
    .description("print what all processes of the running fleet count, as Prometheus reads it")
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(metrics);
}

async function metrics(flags: DataFlag): Promise<void> {
  const dataFolder = dataFolderOf(flags);
  const fleet = await fleetOf(dataFolder);
  const text = await askFleet(dataFolder, fleet, { operation: "metrics", input: undefined });
  await print(text.trimEnd());
}

const examples = `
Examples:
  $ dure metrics
  $ dure metrics | grep dure_server_duration_seconds_count`;
