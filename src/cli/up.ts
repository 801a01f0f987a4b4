import type { Command } from "commander";
import { formatHostPort } from "../config/index.ts";
import { DureError } from "../kit/index.ts";
import { type ConfiguredProject, choosePorts } from "./fleet/choose-ports.ts";
import { detach, isDetached } from "./fleet/detach.ts";
import { withoutMissingPrograms } from "./fleet/missing-programs.ts";
import {
  certificateNeeds,
  distributorsOf,
  gatewayUrl,
  type PlanInput,
  type PlannedProcess,
  planOne,
  planUp,
} from "./fleet/plan.ts";
import { Fleet, type FleetProcess } from "./fleet/run-fleet.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { dataFolderOf } from "./running-fleet.ts";
import { print } from "./terminal.ts";
import { provideCertificates } from "./transport.ts";

/** Options that `up` and `dev` take as flags. */
export const fleetSettings = [
  "gateway.port",
  "distributor.port",
  "distributors",
  "console.port",
  "host",
  "logs.level",
];

/** `dure up`: the project in many processes, under a supervisor. */
export function defineUp(program: Command): void {
  const command = program
    .command("up")
    .description("run the project: a Distributor, a gateway and every instance, each a process")
    .option("-d, --detach", "in the background; answers when it is ready");
  addProjectFlags(addSettingFlags(command, fleetSettings))
    .addHelpText("after", examples)
    .action(up);
}

async function up(flags: ProjectFlags & { readonly detach?: boolean }): Promise<void> {
  if (flags.detach) return detach(dataFolderOf(flags));
  const notes: string[] = [];
  let project = withPrograms(await loadConfigured(flags), (text) => notes.push(text));
  const input = await choosePorts(project);
  if (input.certs) await provideCertificates(input.certs, certificateNeeds(input));
  const names = planUp(input).map(({ spec }) => spec.name);
  const place = (name: string): FleetProcess => {
    const plan = () => planOne({ ...input, config: project.config }, name);
    let last = plan() as PlannedProcess;
    const spec = () => {
      // What a change of the configuration takes away runs on as it was.
      last = plan() ?? last;
      return last.spec;
    };
    return { ...last, name, spec };
  };
  const fleet = new Fleet({
    mode: "up",
    input,
    project: () => project,
    names,
    place,
    kinds: [...input.config.processes, { name: "gateway" }],
    edge: { host: input.config.gateway.host, port: input.gatewayPort },
    async refresh() {
      project = withPrograms(await loadConfigured(flags, true), () => {});
    },
    readyLine: () => readyLine(input, names.length),
    isGivenUp: true,
    isQuietOnceReady: isDetached(),
  });
  for (const text of notes) await print(text);
  await fleet.start();
}

function withPrograms(project: ConfiguredProject, note: (text: string) => void): ConfiguredProject {
  const config = withoutMissingPrograms(project.config, process.env.PATH ?? "", note);
  return { ...project, config };
}

function readyLine(input: PlanInput, processCount: number): string {
  const distributors = distributorsOf(input).map(formatHostPort).join(", ");
  const count = `${processCount} processes, Distributor ${distributors}`;
  return `ready: ${input.config.name} is at ${gatewayUrl(input)}   (${count}; ${isDetached() ? "dure down" : "Ctrl-C"} stops them)`;
}

/** A project that has a configuration file. */
export async function loadConfigured(
  flags: ProjectFlags,
  isReloaded = false,
): Promise<ConfiguredProject> {
  const { configPath, ...project } = await loadProject(flags, { isReloaded });
  if (!configPath) throw new DureError("INTERNAL", "a project was loaded without its file");
  return { ...project, configPath };
}

const examples = `
Environment: PORT (gateway, default 8080), DURE_DISTRIBUTOR_PORT (9100), DURE_DATA (.dure)

Examples:
  $ dure up
  $ dure up --config examples/shop/dure.config.ts --port 9000
  $ dure up --profile production
  $ dure up -d                              in the background; dure logs -f reads along, dure down ends it

Ctrl-C stops all processes in order: the gateway, the services, the Distributor. Exit code 0.`;
