/** `dure console`: a URL that lets somebody into the console that runs, or a console for a mesh that has none. */
import { userInfo } from "node:os";
import type { Command } from "commander";
import { readFleetFile, runningFleet, tokenOf } from "../supervisor/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { consolePlace } from "./fleet/console-place.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { findReach, introduce } from "./reach.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";

interface ConsoleFlags extends ProjectFlags {
  readonly readOnly?: true;
  readonly who?: string;
}

export function defineConsole(program: Command): void {
  const command = program
    .command("console")
    .description("print a URL of the web console that lets one browser in; run one where none runs")
    .option("--read-only", "whoever opens it only looks")
    .option("--who <name>", "whose URL it is, for the audit log (default: your user name)");
  addProjectFlags(addSettingFlags(command, ["console.port", "distributors", "logs.level"]))
    .addHelpText("after", examples)
    .action(showConsole);
}

async function showConsole(flags: ConsoleFlags): Promise<void> {
  const project = await loadProject(flags, { isOptional: true });
  const { dataFolder, config } = project;
  const session = { who: flags.who ?? userInfo().username, canOperate: !flags.readOnly };
  // The other commands do not wait for it to be loaded.
  const { signInUrl } = await import("../console/index.ts");
  const urlOf = (url: string) => signInUrl(url, tokenOf(dataFolder), session);
  const fleet = readFleetFile(dataFolder) && (await runningFleet(dataFolder));
  if (fleet?.console && flags.join === undefined) return print(urlOf(fleet.console));
  const reach = await findReach(flags);
  await introduce(reach);
  const { createNode } = await import("../mesh/index.ts");
  const { startConsole } = await import("./host/start-console.ts");
  const logger = createLogger({ name: "console" }, config.logLevel);
  const node = await createNode({
    name: "console",
    mesh: reach.mesh,
    distributors: reach.distributors,
    token: reach.token(),
    transport: await reach.transport(),
    logger,
  });
  const fleetFolder = fleet ? dataFolder : undefined;
  const place = consolePlace(project, config.console.port, fleetFolder);
  const running = await startConsole(place, node, logger);
  stopOnSignal(async () => {
    await running.close();
    await node.close();
  });
  await print(`ready: console at ${urlOf(running.url)}`);
}

const examples = `
Examples:
  $ dure console                                      a new URL for the console of the fleet that runs here
  $ dure console --read-only --who "night shift"
  $ dure console --join 10.0.0.1:9100                 a console for a mesh that runs elsewhere`;
