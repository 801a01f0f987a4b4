import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { transportFor } from "../transport.ts";
import { tellWhenCovered } from "./covers.ts";
import { offerMetrics } from "./offer-metrics.ts";
import type { GatewaySpec } from "./spec.ts";
import { edgeServices, startGateway } from "./start-gateway.ts";

/** Runs the HTTP edge under the supervisor, and tells when it reaches every expected service. */
export async function hostGateway(spec: GatewaySpec, link: SupervisorLink): Promise<void> {
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    name: "gateway",
    slot: spec.name,
    mesh: spec.mesh,
    host: spec.host,
    distributors: spec.distributors,
    services: edgeServices(spec.gateway),
    token: spec.token,
    transport: await transportFor(spec.certs, "gateway", logger),
    dataDir: spec.dataFolder,
    calls: spec.calls,
    contracts: spec.contracts,
    zone: spec.zone,
    logger,
  });
  const gateway = await startGateway(spec, node, logger);
  offerMetrics(node.metrics, link);
  link.onStop(async () => {
    await gateway.close();
    await node.drain();
    await node.close();
  });
  link.ready({ host: spec.gateway.host, port: gateway.port });
  tellWhenCovered(gateway, spec.expects, (told) => link.tell(told));
}
