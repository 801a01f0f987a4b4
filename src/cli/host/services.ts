import { meshEvents } from "../../events/index.ts";
import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { transportFor } from "../transport.ts";
import { loadHosted } from "./hosted-services.ts";
import { offerMetrics } from "./offer-metrics.ts";
import { readyWhenAnnounced } from "./ready-when-announced.ts";
import type { ServicesSpec } from "./spec.ts";

/** Hosts one or more services under the supervisor. */
export async function hostServices(spec: ServicesSpec, link: SupervisorLink): Promise<void> {
  const { services, env } = await loadHosted(spec.configPath, spec.services, link);
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    name: spec.nodeName,
    slot: spec.name,
    mesh: spec.mesh,
    host: spec.host,
    distributors: spec.distributors,
    services,
    token: spec.token,
    dataDir: spec.dataFolder,
    calls: spec.calls,
    contracts: spec.contracts,
    principals: spec.principals,
    zone: spec.zone,
    traces: spec.traces,
    env,
    transport: await transportFor(spec.certs, spec.nodeName, logger),
    events: meshEvents(),
    logger,
  });
  offerMetrics(node.metrics, link);
  link.measure(() => node.requestCount);
  link.onStop(async () => {
    await node.drain(link.drainMs);
    await node.close();
  });
  readyWhenAnnounced(node, spec.host, link);
}
