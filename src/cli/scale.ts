import { type Command, InvalidArgumentError } from "commander";
import { askFleet } from "../supervisor/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { type DataFlag, dataFolderOf, fleetOf } from "./running-fleet.ts";
import { print } from "./terminal.ts";

/** New processes have a minute to start, old ones their time to drain. In ms. */
const scaleMsMax = 3_600_000;

type Counts = Readonly<Record<string, number>>;

/** `dure scale products=4`: more or fewer instances in the running fleet. */
export function defineScale(program: Command): void {
  program
    .command("scale")
    .description("change how many instances of processes the running fleet has")
    .argument("<counts...>", "as products=4", countOf)
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(scale);
}

async function scale(counts: Counts, flags: DataFlag): Promise<void> {
  const dataFolder = dataFolderOf(flags);
  const fleet = await fleetOf(dataFolder);
  const { failures } = await askFleet(dataFolder, fleet, {
    operation: "scale",
    input: { counts },
    deadlineMs: scaleMsMax,
  });
  if (failures.length > 0) {
    const lines = failures.map(
      ({ name, reason }) => `${name} is not ready and tried again: ${reason}`,
    );
    throw new CommandError(lines.join("\n"), exitCodes.failure);
  }
  const list = Object.entries(counts).map(([kind, count]) => `${kind}=${count}`);
  await print(`scaled ${list.join(", ")}`);
}

function countOf(text: string, former: Counts = {}): Counts {
  const [, kind, count] = /^([^=]+)=(\d{1,3})$/.exec(text) ?? [];
  if (kind !== undefined) return { ...former, [kind]: Number(count) };
  throw new InvalidArgumentError("It must be a name and a number, such as products=4.");
}

const examples = `
Examples:
  $ dure scale products=4
  $ dure scale products=2 stock=1

Those that go finish their requests. It holds until dure up is started anew, whose numbers are in dure.config.ts.`;
