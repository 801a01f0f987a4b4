import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { transportFor } from "../transport.ts";
import { offerMetrics } from "./offer-metrics.ts";
import type { ConsoleSpec, HostTold } from "./spec.ts";
import { ownSignInUrl, startConsole } from "./start-console.ts";

/** Runs the web console under the supervisor. */
export async function hostConsole(spec: ConsoleSpec, link: SupervisorLink): Promise<void> {
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    name: "console",
    slot: spec.name,
    mesh: spec.mesh,
    host: spec.host,
    distributors: spec.distributors,
    token: spec.token,
    transport: await transportFor(spec.certs, "console", logger),
    dataDir: spec.dataFolder,
    calls: spec.calls,
    contracts: spec.contracts,
    zone: spec.zone,
    traces: spec.traces,
    logger,
    principals: spec.principals,
    isObservable: true,
  });
  const running = await startConsole(spec.console, node, logger);
  offerMetrics(node.metrics, link);
  link.onStop(async () => {
    await running.close();
    await node.close();
  });
  const told: HostTold = { kind: "console", url: ownSignInUrl(running.url, spec.console) };
  link.tell(told);
  link.ready({ host: spec.console.host, port: running.port });
}
