import type { Command } from "commander";
import { createNode } from "../mesh/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { eventLogPlace } from "./fleet/plan.ts";
import { logServiceAt } from "./host/event-log.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { reachOf } from "./reach.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";
import { transportFor } from "./transport.ts";

/** `dure eventlog`: the event log alone, for a fleet on several machines. */
export function defineEventLog(program: Command): void {
  const command = program
    .command("eventlog")
    .description("run the event log alone; one for each mesh");
  addProjectFlags(addSettingFlags(command, ["distributors", "host", "logs.level"]))
    .addHelpText("after", examples)
    .action(eventLog);
}

async function eventLog(flags: ProjectFlags): Promise<void> {
  const project = await loadProject(flags, { isOptional: true });
  const { mesh, distributors, token } = reachOf(project);
  const { host, logLevel, zone, traces, events } = project.config;
  const logger = createLogger({ name: "eventlog" }, logLevel);
  const place = eventLogPlace(events ?? {}, project.dataFolder);
  const node = await createNode({
    name: "eventlog",
    mesh,
    host,
    distributors,
    services: [logServiceAt(place)],
    token: token(),
    dataDir: project.dataFolder,
    zone,
    traces,
    transport: await transportFor(project.certs, "eventlog", logger),
    logger,
  });
  stopOnSignal(async () => {
    await node.drain();
    await node.close();
  });
  await print(
    `ready: event log of mesh "${mesh}" at ${host}:${node.port}, files in ${place.folder}`,
  );
}

const examples = `
Examples:
  $ dure eventlog                          beside a Distributor on this machine
  $ dure eventlog --join 10.0.0.1:9100     on a machine of its own`;
