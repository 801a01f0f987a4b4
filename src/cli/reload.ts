import { type Command, InvalidArgumentError } from "commander";
import { askFleet } from "../supervisor/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { describeReload } from "./fleet/reload.ts";
import { type DataFlag, dataFolderOf, fleetOf } from "./running-fleet.ts";
import { print } from "./terminal.ts";

/** The longest a reload may take, in ms: 64 processes one after the other, each a minute to start. */
const reloadMsMax = 3_600_000;

/** `dure reload`: new code in the running fleet without a failed call. */
export function defineReload(program: Command): void {
  program
    .command("reload")
    .description("replace processes of the running fleet by new ones without losing a call")
    .argument("[names...]", "products-1 is one, products all of a kind; none: all of the project")
    .option("--batch <number>", "how many at a time", batchOf, 1)
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(reload);
}

interface ReloadFlags extends DataFlag {
  readonly batch: number;
}

async function reload(names: readonly string[], flags: ReloadFlags): Promise<void> {
  const dataFolder = dataFolderOf(flags);
  const fleet = await fleetOf(dataFolder);
  const report = await askFleet(dataFolder, fleet, {
    operation: "reload",
    input: { names, batch: flags.batch },
    deadlineMs: reloadMsMax,
  });
  const text = describeReload(report).join("\n");
  if (report.failures.length > 0) throw new CommandError(text, exitCodes.failure);
  await print(text);
}

function batchOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1 to 999.");
}

const examples = `
Examples:
  $ dure reload
  $ dure reload products
  $ dure reload products-1 stock --batch 2
  $ kill -USR2 <process of dure up>       the same as dure reload

A new process is started and ready before the old one leaves. Exit code 1 if one did not become ready: its old one goes on.`;
