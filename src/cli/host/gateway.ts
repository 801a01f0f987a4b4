import type { Socket } from "node:net";
import { after } from "../../kit/index.ts";
import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { tellWhenCovered } from "./covers.ts";
import { nodeOptionsOf } from "./node-options.ts";
import { offerMetrics } from "./offer-metrics.ts";
import { rehearse } from "./rehearsal.ts";
import type { GatewaySpec } from "./spec.ts";
import { edgeServices, startGateway } from "./start-gateway.ts";

/** A gateway is ready once it reaches every service, or after so long: a service that is down must not keep it from the others. In ms. */
const patienceMs = 5_000;
/** Of the time to drain so much is left for the last answers, in ms. */
const lastMs = 1_000;

/** Runs the HTTP edge under the supervisor, and tells when it reaches every expected service. */
export async function hostGateway(spec: GatewaySpec, link: SupervisorLink): Promise<void> {
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  if (link.isUnhurried) await rehearse(logger);
  const node = await createNode({
    ...(await nodeOptionsOf(spec, "gateway", logger)),
    services: edgeServices(spec.gateway),
    isObservable: true,
  });
  const connections = (take: (socket: Socket) => void) => link.onConnection(take);
  const gateway = await startGateway(spec, node, logger, connections);
  offerMetrics(node.metrics, link);
  link.onStop(async (isReplaced) => {
    await gateway.close(isReplaced ? link.drainMs - lastMs : 0);
    await node.drain(link.drainMs);
    await node.close();
  });
  let isReady = false;
  const tellReady = () => {
    if (isReady) return;
    isReady = true;
    link.ready({ host: spec.gateway.host, port: gateway.port });
  };
  after(patienceMs, tellReady);
  tellWhenCovered(gateway, spec.expects, (told) => {
    if (told.kind === "covers") tellReady();
    link.tell(told);
  });
}
