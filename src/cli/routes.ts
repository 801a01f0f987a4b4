/** `dure routes`: where the gateway sends what. */
import { type Command, InvalidArgumentError } from "commander";
import { RouteMap, type RouteQuestion } from "../gateway/index.ts";
import { now, sleep } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { withNode } from "./reach.ts";
import { print, printJson, table } from "./terminal.ts";

interface RouteFlags extends ProjectFlags {
  readonly json?: true;
  readonly explain?: Pick<RouteQuestion, "method" | "target">;
  readonly header: ReadonlyMap<string, string>;
}

/** Contracts are fetched from nodes within this time; who does not answer has no routes. */
const contractsMsMax = 3_000;
const lookAgainMs = 20;

export function defineRoutes(program: Command): void {
  const command = program
    .command("routes")
    .description("list where the gateway sends what, or say why a request goes where it goes")
    .option("--json", "print JSON")
    .option("--explain <request>", 'a method and a path, as "GET /products/7"', requestOf)
    .option(
      "--header <field>",
      'a header of that request, as "host: shop.example"; may be repeated',
      headerOf,
      new Map<string, string>(),
    );
  addProjectFlags(addSettingFlags(command, ["distributors"]))
    .addHelpText("after", examples)
    .action(routes);
}

async function routes({ json, explain, header, ...flags }: RouteFlags): Promise<void> {
  const { config } = await loadProject(flags, { isOptional: true });
  await withNode(flags, async (node) => {
    const map = new RouteMap(node, config.gateway.routes ?? [], config.gateway.files);
    try {
      await contractsOf(node);
      if (!explain) return await printRoutes(map, json);
      const host = header.get("host") ?? `localhost:${config.gateway.port}`;
      const { to, reasons } = map.explain({ ...explain, host, headers: header });
      if (json) return await printJson({ to, reasons });
      const lines = reasons.map((reason) => `  ${reason}\n`).join("");
      await print(`${explain.method} ${explain.target} -> ${to}\n${lines}`);
    } finally {
      map.close();
    }
  });
}

function printRoutes(map: RouteMap, json: true | undefined): Promise<void> {
  const list = map.list();
  if (json) return printJson(list);
  const rows = list.map(({ method, path, to, auth }) => [method, path, to, auth]);
  return print(table(["METHOD", "PATH", "TO", "AUTH"], rows));
}

/** Waits for the contracts of all nodes that are there. */
async function contractsOf(node: MeshNode): Promise<void> {
  const { registry } = node;
  const deadline = now() + contractsMsMax;
  const isKnown = () =>
    registry.isSynced() &&
    registry
      .nodes()
      .every(({ record }) =>
        record.services.every(({ contractHash }) => node.contractOf(contractHash)),
      );
  while (!isKnown() && now() < deadline) await sleep(lookAgainMs);
}

function requestOf(text: string): Pick<RouteQuestion, "method" | "target"> {
  const [, method, target] = /^([A-Za-z]+) (\/\S*)$/.exec(text) ?? [];
  if (method !== undefined && target !== undefined) return { method: method.toUpperCase(), target };
  throw new InvalidArgumentError('It must be a method and a path, as "GET /products/7".');
}

function headerOf(text: string, former: ReadonlyMap<string, string>): Map<string, string> {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined)
    return new Map([...former, [name.toLowerCase(), value]]);
  throw new InvalidArgumentError('It must be a name and a value, as "host: shop.example".');
}

const examples = `
Examples:
  $ dure routes
  $ dure routes --explain "GET /products/7"
  $ dure routes --explain "GET /search" --header "host: beta.shop.example" --header "x-beta: 1"`;
