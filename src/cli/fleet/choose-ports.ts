import { refuseSecondFleet } from "../../supervisor/index.ts";
import { CommandError } from "../exit-code.ts";
import { findPort } from "../port-taken.ts";
import type { Project } from "../project.ts";
import type { PlanInput } from "./plan.ts";

/** A project with a configuration file. */
export type ConfiguredProject = Project & { readonly configPath: string };

/**
 * Finds the ports of a fleet before anything is started. Throws ALREADY_EXISTS if a fleet runs on the data folder, and a
 * {@link CommandError} that names every taken port, its holder and its variable.
 */
export async function choosePorts(project: ConfiguredProject): Promise<PlanInput> {
  const { config, configPath, dataFolder } = project;
  await refuseSecondFleet(dataFolder);
  const { gateway, distributor, distributors, host, console } = config;
  const gatewayPort = await findPort("gateway.port", gateway.host, gateway.port);
  const distributorPort =
    distributors.length > 0
      ? undefined
      : await findPort("distributor.port", host, distributor.port);
  const consolePort = console.enabled
    ? await findPort("console.port", console.host, console.port)
    : undefined;
  const failures = [gatewayPort, distributorPort, consolePort].filter(
    (found) => found instanceof CommandError,
  );
  if (failures[0]) {
    const message = failures.map((failure) => failure.message).join("\n");
    throw new CommandError(message, failures[0].exitCode);
  }
  return {
    config,
    configPath,
    dataFolder,
    token: project.token().token,
    certs: project.certs,
    gatewayPort: gatewayPort as number,
    distributorPort: distributorPort as number | undefined,
    consolePort: consolePort as number | undefined,
  };
}
