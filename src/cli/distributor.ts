import type { Command } from "commander";
import { createDistributor } from "../registry/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { portAdvice } from "./port-taken.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";
import { transportFor } from "./transport.ts";

/** `dure distributor`: the registry server alone, for a fleet on several machines. */
export function defineDistributor(program: Command): void {
  const command = program
    .command("distributor")
    .description("run a Distributor (the registry server) alone")
    .option("--port <number>", "its port; 0 takes any free one (DURE_DISTRIBUTOR_PORT)");
  addProjectFlags(addSettingFlags(command, ["host", "logs.level"]))
    .addHelpText("after", examples)
    .action(distributor);
}

async function distributor({ port, ...flags }: ProjectFlags): Promise<void> {
  // Here --port can only mean the Distributor's own.
  const project = await loadProject({ ...flags, distributorPort: port }, { isOptional: true });
  const { host, distributor, name, logLevel } = project.config;
  const transport = await transportFor(project.certs, "distributor");
  const running = await portAdvice("distributor.port", host, distributor.port, () =>
    createDistributor({
      host,
      port: distributor.port,
      mesh: name,
      token: project.token().token,
      transport,
      logger: createLogger({ name: "distributor" }, logLevel),
    }),
  );
  stopOnSignal(() => running.close());
  await print(`ready: Distributor of mesh "${name}" at ${running.host}:${running.port}`);
}

const examples = `
Examples:
  $ dure distributor                                 for one machine, on port 9100
  $ dure distributor --port 9200
  $ DURE_TOKEN=... dure distributor --host 0.0.0.0   for several; a node joins with --join 10.0.0.1:9100
  $ curl -s localhost:9100/distributor               who is there`;
