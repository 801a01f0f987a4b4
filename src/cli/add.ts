import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { reservedProcessNames } from "../config/index.ts";
import { usageError } from "./exit-code.ts";
import { configLine, serviceFiles } from "./init/templates.ts";
import { loadProject, type ProjectFlags } from "./project.ts";
import { print } from "./terminal.ts";

/** `dure add service`: one more service in a project, with its contract, its test and its line in the configuration. */
export function defineAdd(program: Command): void {
  const add = program.command("add").description("add to the project in this folder");
  add
    .command("service")
    .description("add a service: contract, handlers, test, and a line in the configuration")
    .argument("<name>", "name of the service, such as gift-cards")
    .option("--config <file>", "configuration file (default: dure.config.ts in this folder)")
    .addHelpText("after", examples)
    .action(addService);
}

async function addService(name: string, flags: ProjectFlags): Promise<void> {
  checkName(name);
  const { configPath, config } = await loadProject(flags);
  if (!configPath) throw usageError("there is no configuration file here; see: dure init");
  if (Object.hasOwn(config.services, name)) {
    throw usageError(`${configPath} has a service "${name}" already; choose another name`);
  }
  const root = dirname(configPath);
  const files = Object.entries(serviceFiles(name));
  const inTheWay = files.map(([path]) => path).filter((path) => existsSync(join(root, path)));
  if (inTheWay.length > 0) {
    throw usageError(
      `${inTheWay.join(", ")} ${inTheWay.length > 1 ? "are" : "is"} there already; nothing was written. Move it away or choose another name`,
    );
  }
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const isListed = listService(configPath, name);
  const configName = relative(process.cwd(), configPath);
  const how = isListed
    ? `changed ${configName}`
    : `add this to \`services\` in ${configName}:  ${configLine(name)}`;
  await print(
    `created ${files.map(([path]) => path).join("  ")}\n${how}\nnext: dure call ${name}.greet '{"name":"Kim"}', or curl /${name}/Kim at the gateway\n`,
  );
}

/** Writes the service's line as the last of `services`, where that is written as `dure init` writes it. */
function listService(configPath: string, name: string): boolean {
  const text = readFileSync(configPath, "utf8");
  const services = /^( *)services: \{\n((?:.*\n)*?)\1\},\n/m.exec(text);
  if (!services) return false;
  const [block, indent = "", lines = ""] = services;
  const changed = `${indent}services: {\n${lines}${indent}  ${configLine(name)}\n${indent}},\n`;
  writeFileSync(
    configPath,
    text.replace(block, () => changed),
  );
  return true;
}

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > nameLengthMax) {
    throw usageError(
      `"${name}" cannot be the name of a service: small letters, digits and single hyphens, starting with a letter, at most ${nameLengthMax} characters`,
    );
  }
  if (takenNames.has(name) || reservedProcessNames.includes(name)) {
    throw usageError(
      `"${name}" is a word of the language, of the files that would be written, or one of Dure's own processes; add something to it, such as ${name}-desk`,
    );
  }
}

const nameLengthMax = 64;

/** A contract is a constant of its service's name: reserved words (ECMA-262, 12.7.2) and names in the written files cannot be one. */
const takenNames = new Set(
  (
    "await break case catch class const continue debugger default delete do else enum export extends false finally for function if " +
    "implements import in instanceof interface let new null package private protected public return static super switch this throw " +
    "true try typeof var void while with yield arguments eval undefined " +
    "assert contract mesh op refused service test z"
  ).split(" "),
);

const examples = `
Examples:
  $ dure add service shout
  $ dure add service gift-cards --config shop/dure.config.ts`;
