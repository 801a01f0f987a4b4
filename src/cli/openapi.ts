import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, serviceDefinition, toOpenApi } from "../contract/index.ts";
import { addProjectFlags, loadProject, type ProjectFlags } from "./project.ts";
import { loadService } from "./services.ts";
import { print } from "./terminal.ts";

/** `dure openapi`: the project's HTTP operations as a document; nothing needs to run. */
export function defineOpenApi(program: Command): void {
  const command = program
    .command("openapi")
    .description("print the OpenAPI 3.1 document of the project's contracts")
    .option("--out <file>", "write it to a file instead")
    .option("--server <url>", "base URL to name in the document")
    .option("--api-version <version>", "version of the API", "1.0.0");
  addProjectFlags(command).addHelpText("after", examples).action(openApi);
}

interface OpenApiFlags extends ProjectFlags {
  readonly out?: string;
  readonly server?: string;
  readonly apiVersion: string;
}

async function openApi(flags: OpenApiFlags): Promise<void> {
  const { config } = await loadProject(flags);
  const services = await Promise.all(
    Object.entries(config.services).map(([key, loader]) => loadService(key, loader)),
  );
  const contracts = services.map((service) => describe(serviceDefinition(service).contract));
  const document = toOpenApi(contracts, {
    title: config.name,
    version: flags.apiVersion,
    ...(flags.server ? { serverUrl: flags.server } : {}),
  });
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (flags.out) writeFileSync(flags.out, text);
  else await print(text);
}

const examples = `
Examples:
  $ dure openapi > openapi.json
  $ dure openapi --server https://api.example.com --out openapi.json`;
