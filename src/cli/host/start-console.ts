import { mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import {
  type Console,
  createCollector,
  createConsole,
  type FleetPort,
  signInUrl,
} from "../../console/index.ts";
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

/** Starts the console on a node, and a collector for it. With `fleetFolder` it asks the supervisor of that data folder. */
export async function startConsole(
  { fleetFolder, dataFolder, ...place }: ConsolePlace,
  node: MeshNode,
  logger: Logger,
): Promise<Console> {
  const fleet = fleetFolder === undefined ? undefined : fleetPort(fleetFolder);
  const folder = dataFolder && join(dataFolder, "console");
  if (folder) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const collector = createCollector({ node, path: folder && join(folder, "telemetry.db") });
  try {
    const running = await portAdvice("console.port", place.host, place.port, () => {
      const { version } = packageInfo();
      return createConsole({ ...place, node, dataFolder, fleet, collector, logger, version });
    });
    const close = async () => {
      await running.close();
      await collector.close();
    };
    return { port: running.port, url: running.url, close };
  } catch (thrown) {
    await collector.close();
    throw thrown;
  }
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
