import { userInfo } from "node:os";
import { type Console, createConsole, type FleetPort, signInUrl } from "../../console/index.ts";
import { DureError } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import { askFleet, type FleetOperations, runningFleet } from "../../supervisor/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { packageInfo } from "../package-info.ts";
import { portAdvice } from "../port-taken.ts";
import type { ConsolePlace } from "./spec.ts";

/** A reload, or more instances, may take minutes; whoever waits longer looks at the processes. In ms. */
const changeMsMax = 600_000;

/** A URL of a console that lets the user of this process in. */
export function ownSignInUrl(url: string, { secret }: ConsolePlace): string {
  return signInUrl(url, secret, { who: userInfo().username, canOperate: true });
}

/** Starts the console on a node. With `fleetFolder` it asks the supervisor of that data folder. */
export async function startConsole(
  { fleetFolder, dataFolder, ...place }: ConsolePlace,
  node: MeshNode,
  logger: Logger,
): Promise<Console> {
  const fleet = fleetFolder === undefined ? undefined : fleetPort(fleetFolder);
  return portAdvice("console.port", place.host, place.port, () =>
    createConsole({ ...place, node, dataFolder, fleet, logger, version: packageInfo().version }),
  );
}

/** The supervisor that runs on a data folder. */
function fleetPort(folder: string): FleetPort {
  const ask = async <Name extends keyof FleetOperations>(
    operation: Name,
    input: Parameters<FleetOperations[Name]>[0],
  ): Promise<Awaited<ReturnType<FleetOperations[Name]>>> => {
    const fleet = await runningFleet(folder);
    if (!fleet) throw new DureError("UNAVAILABLE", `no supervisor runs on ${folder}`);
    return askFleet(folder, fleet, { operation, input, deadlineMs: changeMsMax });
  };
  return {
    ps: () => ask("ps", undefined),
    reload: (names) => ask("reload", { names, batch: 1 }),
    scale: (kind, count) => ask("scale", { counts: { [kind]: count } }),
  };
}
