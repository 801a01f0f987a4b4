import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { CommandError, exitCodes } from "./exit-code.ts";
import { projectFiles, type TemplateVersions } from "./init/templates.ts";
import { packageInfo } from "./package-info.ts";
import { print } from "./terminal.ts";

/** `dure init`: a new project that runs. */
export function defineInit(program: Command): void {
  program
    .command("init")
    .description("make a new project: a contract, a service, a test and a configuration")
    .argument("[folder]", "where to put it; it may not hold files yet", ".")
    .option("--name <name>", "name of the project (default: the folder's name)")
    .addHelpText("after", examples)
    .action(init);
}

async function init(folder: string, flags: { name?: string }): Promise<void> {
  const target = resolve(folder);
  const name = flags.name ?? basename(target).toLowerCase();
  if (!/^[a-z][a-z0-9._-]*$/.test(name)) {
    throw new CommandError(
      `"${name}" cannot be the name of a project: small letters, digits, dots, hyphens and underscores, starting with a letter; choose one with --name`,
      exitCodes.usage,
    );
  }
  const inTheWay = existsSync(target) ? readdirSync(target).filter((file) => file !== ".git") : [];
  if (inTheWay.length > 0) {
    throw new CommandError(
      `${target} is not empty (${inTheWay.slice(0, 3).join(", ")}${inTheWay.length > 3 ? ", ..." : ""}); nothing was written`,
      exitCodes.usage,
    );
  }
  const versions = templateVersions(target);
  const files = projectFiles(name, versions);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), content);
  }
  await print(summary(target, Object.keys(files), versions));
}

function templateVersions(target: string): TemplateVersions {
  const { version, root, dependencies, devDependencies } = packageInfo();
  const isInstalled = dirname(root).endsWith("node_modules");
  // A Node that itself came from npm says that the machine's own is older; the project then gets the same.
  const isNodeFromNpm = process.execPath.split(/[\\/]/).includes("node_modules");
  return {
    dure: isInstalled ? `^${version}` : `file:${relative(target, root) || "."}`,
    zod: `^${dependencies.zod}`,
    typescript: `^${devDependencies.typescript}`,
    nodeTypes: `^${devDependencies["@types/node"]}`,
    node: isNodeFromNpm ? process.versions.node : undefined,
  };
}

function summary(target: string, files: readonly string[], { dure }: TemplateVersions): string {
  const folder = relative(process.cwd(), target);
  const steps = [...(folder ? [`cd ${folder}`] : []), "npm install", "npx dure dev"];
  const { root } = packageInfo();
  // From a clone, the project uses the clone's built files.
  if (dure.startsWith("file:") && !existsSync(join(root, "dist/cli/main.js"))) {
    const prefix = relative(process.cwd(), root);
    steps.unshift(`npm ${prefix ? `--prefix ${prefix} ` : ""}run build`);
  }
  return `created ${files.length} files: ${files.join("  ")}\nnext: ${steps.join(" && ")}\n`;
}

const examples = `
Examples:
  $ dure init shop && cd shop && npm install && npx dure dev
  $ dure init . --name shop`;
