/** How a command finds the fleet of a data folder. It needs no configuration, whose schemas are most of what loading a command takes. */
import { resolve } from "node:path";
import { type RunningFleet, runningFleet } from "../supervisor/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";

/** The flag that names a data folder, as commander gives it. */
export interface DataFlag {
  readonly data?: string;
}

/** The state folder, absolute. */
export function dataFolderOf({ data }: DataFlag): string {
  return resolve(data ?? process.env.DURE_DATA ?? ".dure");
}

/** The fleet that runs on a folder; fails with the exit code "nobody there" if there is none. */
export async function fleetOf(dataFolder: string): Promise<RunningFleet> {
  const fleet = await runningFleet(dataFolder);
  if (fleet) return fleet;
  throw new CommandError(
    `no fleet runs on ${dataFolder}; start one with "dure up", or name its folder with --data or DURE_DATA`,
    exitCodes.nobodyThere,
  );
}
