import { meshEvents } from "../../events/index.ts";
import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { loadHosted } from "./hosted-services.ts";
import { nodeOptionsOf } from "./node-options.ts";
import { offerMetrics } from "./offer-metrics.ts";
import { readyWhenAnnounced } from "./ready-when-announced.ts";
import type { ServicesSpec } from "./spec.ts";

/** Hosts one or more services under the supervisor. */
export async function hostServices(spec: ServicesSpec, link: SupervisorLink): Promise<void> {
  const { services, env } = await loadHosted(spec.configPath, spec.services, link);
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    ...(await nodeOptionsOf(spec, spec.nodeName, logger)),
    services,
    env,
    events: meshEvents(),
  });
  offerMetrics(node.metrics, link);
  link.measure(() => node.requestCount);
  link.onStop(async () => {
    await node.drain(link.drainMs);
    await node.close();
  });
  readyWhenAnnounced(node, spec.host, link);
}
