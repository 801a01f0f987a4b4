import type { Command } from "commander";
import { asError } from "../kit/index.ts";
import { checkClocks } from "./doctor/clocks.ts";
import { type Finding, finding } from "./doctor/finding.ts";
import { checkClock, checkFolder, checkNode, checkPorts } from "./doctor/machine.ts";
import {
  checkCertificates,
  checkDistributors,
  checkEngine,
  checkPrograms,
  checkServices,
} from "./doctor/surroundings.ts";
import { exitCodes } from "./exit-code.ts";
import {
  addProjectFlags,
  addSettingFlags,
  loadProject,
  type Project,
  type ProjectFlags,
} from "./project.ts";
import { print, printJson, table } from "./terminal.ts";
import { fleetSettings } from "./up.ts";

/** `dure doctor`: whether the project would run here, and what to do if not. Starts nothing. */
export function defineDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("look for whatever would keep the project from running, and say what to do")
    .option("--json", "print a JSON array of { what, state, told }");
  addProjectFlags(addSettingFlags(command, fleetSettings))
    .addHelpText("after", examples)
    .action(doctor);
}

async function doctor(flags: ProjectFlags & { readonly json?: boolean }): Promise<void> {
  const findings = [checkNode(), checkClock()];
  const project = await loadProject(flags).catch((thrown) => {
    findings.push(finding("configuration", "bad", asError(thrown).message));
    return undefined;
  });
  if (project) {
    findings.push(finding("configuration", "good", project.configPath ?? "none"));
    findings.push(...(await examine(project)));
  }
  if (findings.some(({ state }) => state === "bad")) process.exitCode = exitCodes.failure;
  if (flags.json) return printJson(findings);
  return print(table(["", "WHAT", ""], findings.flatMap(rowsOf)));
}

async function examine(project: Project): Promise<Finding[]> {
  const apart = await Promise.all([
    checkPorts(project),
    checkDistributors(project),
    checkClocks(project),
    checkEngine(project),
    checkServices(project),
  ]);
  const here = [checkFolder(project), ...checkCertificates(project), ...checkPrograms(project)];
  return [...here, ...apart.flat()];
}

/** A message may have several lines. */
function rowsOf({ what, state, told }: Finding): string[][] {
  const [first = "", ...more] = told.split("\n");
  return [[state, what, first], ...more.map((line) => ["", "", line])];
}

const examples = `
Examples:
  $ dure doctor
  $ dure doctor --profile production
  $ dure doctor --json

Exit code 1 if anything is bad; nothing is started.`;
