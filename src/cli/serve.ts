import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { formatHostPort, type ResolvedConfig } from "../config/index.ts";
import { serviceDefinition } from "../contract/index.ts";
import {
  addProcessMetrics,
  createLogger,
  exposition,
  type Metrics,
  type MetricsEndpoint,
  openMetricsEndpoint,
} from "../telemetry/index.ts";
import { portOf } from "./flag-values.ts";
import { portAdvice } from "./port-taken.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { reachOf } from "./reach.ts";
import { checkEnvironment, loadModule } from "./services.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";
import { transportFor } from "./transport.ts";

/** `dure serve FILE`: one service alone, for a container or another machine. */
export function defineServe(program: Command): void {
  const command = program
    .command("serve")
    .description("run one service alone and join a mesh by address")
    .argument("<file>", "module whose default export is the service")
    .option("--mesh-port <number>", "port other nodes call it on; 0 takes any free one", portOf, 0)
    .option("--slot <name>", "stable label of this instance (default: service and machine name)");
  addProjectFlags(addSettingFlags(command, ["distributors", "host", "logs.level"]))
    .addHelpText("after", examples)
    .action(serve);
}

interface ServeFlags extends ProjectFlags {
  readonly meshPort: number;
  readonly slot?: string;
}

async function serve(file: string, flags: ServeFlags): Promise<void> {
  const path = resolve(file);
  const project = await loadProject(flags, { isOptional: true, from: dirname(path) });
  const service = await loadModule(file, () => import(pathToFileURL(path).href));
  const { name } = service["~service"];
  const keys = Object.keys(serviceDefinition(service).env);
  const found = project.serviceEnv(name, keys);
  const { values } = found;
  await checkEnvironment([service], { [name]: found }, found.problems);

  const { createNode } = await import("../mesh/index.ts");
  const { mesh, distributors, token } = reachOf(project);
  const slot = flags.slot ?? `${name}-${hostname()}`;
  const logger = createLogger({ name: slot }, project.config.logLevel);
  const node = await createNode({
    name,
    slot,
    mesh,
    host: project.config.host,
    port: flags.meshPort,
    distributors,
    services: [service],
    token: token(),
    transport: await transportFor(project.certs, name, logger),
    dataDir: project.dataFolder,
    calls: project.config.calls,
    contracts: project.config.contracts,
    principals: project.config.principals,
    zone: project.config.zone,
    traces: project.config.traces,
    env: { [name]: values },
    logger,
  });
  const metrics = await serveMetrics(project.config.metrics, node.metrics);
  stopOnSignal(async () => {
    await node.drain();
    await node.close();
    await metrics?.close();
  });
  const joined = distributors.map(formatHostPort).join(", ");
  await print(`ready: ${name} at ${project.config.host}:${node.port}, joining ${joined}`);
}

async function serveMetrics(
  { port, host = "127.0.0.1" }: ResolvedConfig["metrics"],
  metrics: Metrics,
): Promise<MetricsEndpoint | undefined> {
  if (port === undefined) return undefined;
  addProcessMetrics(metrics);
  const read = () => exposition([{ labels: {}, families: metrics.read() }]);
  const endpoint = await portAdvice("metrics.port", host, port, () =>
    openMetricsEndpoint({ port, host, read }),
  );
  await print(`metrics: http://${formatHostPort({ host, port: endpoint.port })}/metrics`);
  return endpoint;
}

const examples = `
Examples:
  $ dure serve services/products.ts --join 127.0.0.1:9100
  $ DURE_TOKEN=... dure serve services/products.ts --host 10.0.0.7 --join 10.0.0.1:9100,10.0.0.2:9100

The token of the mesh comes from DURE_TOKEN, DURE_TOKEN_FILE, the configuration, or the data folder.`;
