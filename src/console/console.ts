/**
 * The web console's server: pages and an API over HTTP. It sees the mesh through a node that somebody gives it; its own API is a service of
 * a mesh of its own, with nobody else in it, so that a gateway's routing, checks and streams serve it and no route of the project's
 * services is reachable by its port.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Service, service } from "../contract/index.ts";
import { createGateway, type Gateway, RouteMap } from "../gateway/index.ts";
import { Closers, DureError, formatHostPort } from "../kit/index.ts";
import { createNode } from "../mesh/index.ts";
import type { NodeRecord } from "../registry/index.ts";
import { type MetricFamily, silentLogger } from "../telemetry/index.ts";
import { createMemoryNetwork } from "../wire/index.ts";
import { AuditLog } from "./audit-log.ts";
import { audited } from "./audited.ts";
import { consoleContract } from "./console-contract.ts";
import type { ConsoleParts } from "./console-parts.ts";
import { FleetWatcher } from "./fleet-watcher.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { accessHandlers } from "./handlers/access.ts";
import { contractHandlers } from "./handlers/contracts.ts";
import { eventHandlers } from "./handlers/events.ts";
import { fleetHandlers } from "./handlers/fleet.ts";
import { processHandlers } from "./handlers/processes.ts";
import { routeHandlers } from "./handlers/routes.ts";
import { sagaHandlers } from "./handlers/sagas.ts";
import { telemetryHandlers } from "./handlers/telemetry.ts";
import { type ConsoleOptions, consoleDefaults } from "./options.ts";
import { Pages } from "./pages.ts";

/** A running console. */
export interface Console {
  readonly port: number;
  /** Where browsers find it; without a token. */
  readonly url: string;
  close(): Promise<void>;
}

const loopbackHosts = ["127.0.0.1", "::1", "localhost"];
/** The longest event that can be edited has 1 MiB, and JSON in JSON is longer. */
const bodyBytesMax = 3 * 2 ** 20;
const metricsMsMax = 2_000;

/**
 * Starts the console. Rejects with ALREADY_EXISTS for a taken port, with FAILED_PRECONDITION for an address beyond loopback where
 * nothing keeps others from reading along.
 */
export async function createConsole(options: ConsoleOptions): Promise<Console> {
  const { host = consoleDefaults.host, port = consoleDefaults.port, tls, plainHttp } = options;
  if (!loopbackHosts.includes(host) && !tls && !plainHttp) {
    const message = `the console would listen on ${host} without TLS, and everybody on the way could read its tokens; set console.tls, or console.plainHttp: true where something before it does TLS`;
    throw new DureError("FAILED_PRECONDITION", message);
  }
  const closers = new Closers();
  try {
    const gateway = await start(options, { host, port }, closers);
    closers.add(() => gateway.close());
    const scheme = tls ? "https" : "http";
    const name = loopbackHosts.includes(host) ? "localhost" : host;
    const at = formatHostPort({ host: name, port: gateway.port });
    return { port: gateway.port, url: `${scheme}://${at}/`, close: () => closers.close() };
  } catch (thrown) {
    await closers.close();
    throw thrown;
  }
}

async function start(
  options: ConsoleOptions,
  { host, port }: { readonly host: string; readonly port: number },
  closers: Closers,
): Promise<Gateway> {
  const { secret, dataFolder, tls, logger = silentLogger, node } = options;
  const file = (name: string) => dataFolder && join(dataFolder, "console", name);
  const watcher = new FleetWatcher({
    node,
    logger,
    readMetrics: (each) => metricsOf(options, each),
  });
  closers.add(() => watcher.close());
  const routes = new RouteMap(node, options.routes ?? []);
  closers.add(() => routes.close());
  node.vouching.announce();
  const gatekeeper = new Gatekeeper(secret, file("used-tokens"));
  const audit = new AuditLog(file("audit.ndjson"), logger);
  const pages = new Pages(options.pages);
  const parts: ConsoleParts = { options, watcher, gatekeeper, audit, pages, routes };
  const own = await createNode({
    name: "console",
    mesh: "console",
    distributors: [],
    services: [consoleService(parts)],
    token: randomBytes(32).toString("base64url"),
    transport: createMemoryNetwork(),
    logger,
  });
  closers.add(() => own.close());
  return createGateway({
    node: own,
    ...{ host, port, logger },
    tls,
    auth: { verifier: gatekeeper.verify },
    limits: { bodyBytesMax },
    compression: {},
    ownPages: { hosts: hostNames(host, options.hosts ?? []) },
    info: { title: "Dure console", version: options.version ?? "" },
  });
}

function consoleService(parts: ConsoleParts): Service {
  const { audit, options } = parts;
  return service(consoleContract, {
    use: [audited(audit, options.readOnly ?? false)],
    setup: ({ handle }) =>
      handle({
        ...accessHandlers(parts),
        ...fleetHandlers(parts),
        ...contractHandlers(parts),
        ...telemetryHandlers(parts),
        ...eventHandlers(parts),
        ...sagaHandlers(parts),
        ...processHandlers(parts),
        ...routeHandlers(parts),
      }),
  });
}

/** By what names browsers reach an address. */
function hostNames(host: string, further: readonly string[]): string[] {
  const isWildcard = host === "0.0.0.0" || host === "::";
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const own = isWildcard ? [] : [bracketed.toLowerCase()];
  return [...new Set(["localhost", "127.0.0.1", "[::1]", ...own, ...further])];
}

async function metricsOf(
  { node }: ConsoleOptions,
  asked: NodeRecord,
): Promise<readonly MetricFamily[]> {
  const question = { node: asked, params: {}, deadlineMs: metricsMsMax };
  const answer = await node.ask({ ...question, operation: "$telemetry.metrics" });
  return (answer as { readonly families: readonly MetricFamily[] }).families;
}
