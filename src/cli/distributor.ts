import type { Command } from "commander";
import { createDistributor } from "../registry/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { portAdvice } from "./port-taken.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";

/** `dure distributor`: the registry server alone, for a fleet on several machines. */
export function defineDistributor(program: Command): void {
  const command = program
    .command("distributor")
    .description("run a Distributor (the registry server) alone");
  addProjectFlags(addSettingFlags(command, ["distributor.port", "host", "logs.level"]))
    .addHelpText("after", examples)
    .action(distributor);
}

async function distributor(flags: ProjectFlags): Promise<void> {
  const project = await loadProject(flags, { isOptional: true });
  const { host, distributor, name, logLevel } = project.config;
  const running = await portAdvice("distributor.port", host, distributor.port, () =>
    createDistributor({
      host,
      port: distributor.port,
      mesh: name,
      token: project.token().token,
      logger: createLogger({ name: "distributor" }, logLevel),
    }),
  );
  stopOnSignal(() => running.close());
  await print(`ready: Distributor of mesh "${name}" at ${running.host}:${running.port}`);
}

const examples = `
Examples:
  $ dure distributor                                 for one machine
  $ DURE_TOKEN=... dure distributor --host 0.0.0.0   for several; a node joins with --join 10.0.0.1:9100
  $ curl -s localhost:9100/distributor               who is there`;
