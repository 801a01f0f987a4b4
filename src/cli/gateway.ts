import { hostname } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { route } from "../config/index.ts";
import { DureError } from "../kit/index.ts";
import { createNode } from "../mesh/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { edge } from "./fleet/plan.ts";
import { edgeServices, startGateway } from "./host/start-gateway.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";
import { transportFor } from "./transport.ts";

interface GatewayFlags extends ProjectFlags {
  readonly upstream?: readonly string[];
  readonly cache?: true;
  readonly cacheMb?: number;
}

/** `dure gateway`: the HTTP edge alone. */
export function defineGateway(program: Command): void {
  const command = program
    .command("gateway")
    .description("run the HTTP edge alone, or a reverse proxy before any HTTP server")
    .option(
      "--upstream <urls>",
      "what no contract answers goes to these HTTP servers, separated by commas",
      urlsOf,
    )
    .option("--cache", "keep the upstream's answers as its Cache-Control says (RFC 9111)")
    .option("--cache-mb <number>", "memory for answers, in MiB (default: 64)", mebibytesOf);
  const settings = ["gateway.port", "distributors", "host", "logs.level"];
  addProjectFlags(addSettingFlags(command, settings))
    .addHelpText("after", examples)
    .action(gateway);
}

async function gateway(flags: GatewayFlags): Promise<void> {
  const project = await loadProject(flags, { isOptional: true });
  const { name, distributors, host, calls, contracts, zone, traces, logLevel, ...config } =
    project.config;
  const { upstream, cache, cacheMb } = flags;
  if (cache && !upstream)
    throw new DureError("INVALID_ARGUMENT", "--cache is for an --upstream; name one");
  const routes = config.gateway.routes ?? [];
  if (distributors.length === 0 && !upstream && routes.length === 0) {
    const remedy = "name Distributors with --join, or HTTP servers with --upstream";
    throw new DureError("INVALID_ARGUMENT", `there is nothing to route to; ${remedy}`);
  }
  const logger = createLogger({ name: "gateway" }, logLevel);
  const node = await createNode({
    name: "gateway",
    // Keys that gateways count together lie on a ring of slots: each gateway needs its own, and the same after a restart.
    slot: `gateway-${hostname()}-${config.gateway.port}`,
    mesh: name,
    host,
    distributors,
    services: edgeServices(config.gateway),
    isObservable: true,
    token: project.token().token,
    transport: await transportFor(project.certs, "gateway", logger),
    dataDir: project.dataFolder,
    principals: config.principals,
    ...{ calls, contracts, zone, traces, logger },
  });
  const catchAll = upstream
    ? [route("/*", { upstream, auth: "public", ...(cache ? { cache } : {}) })]
    : [];
  const section = {
    ...config.gateway,
    routes: [...routes, ...catchAll],
    ...(cacheMb === undefined ? {} : { cache: { mb: cacheMb } }),
  };
  const edgeSpec = edge({
    config: { ...project.config, gateway: section },
    configPath: project.configPath ?? join(process.cwd(), "dure.config.ts"),
    gatewayPort: section.port,
  });
  const running = await startGateway({ ...edgeSpec, mesh: name }, node, logger);
  stopOnSignal(async () => {
    await running.close();
    await node.drain();
    await node.close();
  });
  await print(`ready: gateway at ${running.url}`);
}

function urlsOf(text: string): string[] {
  const urls = text.split(",").map((part) => part.trim().replace(/\/$/, ""));
  if (urls.every((url) => /^https?:\/\/[^\s/?#@]+$/.test(url) && URL.canParse(url))) return urls;
  throw new InvalidArgumentError(
    'It must be one or more of "http://host:port" or "https://host:port", without a path.',
  );
}

function mebibytesOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of MiB, 1 or more.");
}

const examples = `
Examples:
  $ dure gateway --upstream http://127.0.0.1:8000 --cache --port 8080     a cache before any HTTP server
  $ dure gateway --join 10.0.0.1:9100,10.0.0.2:9100                       one more edge of a mesh`;
