import { formatHostPort } from "../../config/index.ts";
import { describe, type Service, serviceDefinition } from "../../contract/index.ts";
import { meshEvents } from "../../events/index.ts";
import { Closers } from "../../kit/index.ts";
import { createNode } from "../../mesh/index.ts";
import { createDistributor } from "../../registry/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { dialHost } from "../fleet/plan.ts";
import { portAdvice } from "../port-taken.ts";
import { tellWhenCovered } from "./covers.ts";
import { logServiceAt } from "./event-log.ts";
import { loadHosted } from "./hosted-services.ts";
import { offerMetrics } from "./offer-metrics.ts";
import { runSidecar } from "./sidecar.ts";
import type { DevSpec, HostTold } from "./spec.ts";
import { ownSignInUrl, startConsole } from "./start-console.ts";
import { edgeServices, startGateway } from "./start-gateway.ts";

/** Hosts every service, the gateway and a Distributor in this one process. */
export async function hostDev(spec: DevSpec, link: SupervisorLink): Promise<void> {
  const { mesh, host, token, logLevel, distributorPort } = spec;
  const logger = createLogger({ name: spec.name }, logLevel);
  const { services, env } = await loadHosted(spec.configPath, spec.services, link);
  const closers = new Closers();
  link.onStop(() => closers.close());

  const distributors = [...spec.distributors];
  if (distributorPort !== undefined) {
    const distributor = await portAdvice("distributor.port", host, distributorPort, () =>
      createDistributor({ host, port: distributorPort, mesh, token }),
    );
    closers.add(() => distributor.close());
    distributors.push({ host: dialHost(host), port: distributor.port });
  }
  const node = await createNode({
    name: spec.mesh,
    slot: spec.name,
    mesh,
    host,
    distributors,
    services: [
      ...(spec.log ? [logServiceAt(spec.log)] : []),
      ...edgeServices(spec.gateway),
      ...services,
    ],
    events: meshEvents(),
    token,
    dataDir: spec.dataFolder,
    calls: spec.calls,
    contracts: spec.contracts,
    zone: spec.zone,
    traces: spec.traces,
    env,
    logger,
  });
  closers.add(async () => {
    await node.drain(link.drainMs);
    await node.close();
  });
  offerMetrics(node.metrics, link);
  const gateway = await startGateway(spec, node, logger);
  closers.add(() => gateway.close());

  const tell = (told: HostTold) => link.tell(told);
  if (spec.console) {
    const running = await startConsole(spec.console, node, logger);
    closers.add(() => running.close());
    tell({ kind: "console", url: ownSignInUrl(running.url, spec.console) });
  }
  const tellLine = (text: string) => tell({ kind: "line", text });
  for (const sidecar of spec.sidecars) {
    const running = await runSidecar({ ...sidecar, distributors }, link);
    closers.add(() => running.close(link.drainMs));
    tellLine(`${sidecar.nodeName}: ${sidecar.sidecar.urls.join("   ")}`);
  }
  for (const service of services) tellLine(summaryOf(service));
  for (const address of distributors) tellLine(`distributor: ${formatHostPort(address)}`);
  link.ready({ host: spec.gateway.host, port: gateway.port });
  const names = services.map((service) => describe(serviceDefinition(service).contract).name);
  tellWhenCovered(gateway, names, tell);
}

function summaryOf(service: Service): string {
  const { name, operations } = describe(serviceDefinition(service).contract);
  const routes = Object.values(operations).flatMap(({ http }) =>
    http ? [`${http.method} ${http.path}`] : [],
  );
  const count = Object.keys(operations).length;
  return `${name}: ${count} operation${count === 1 ? "" : "s"}   ${routes.join("   ")}`;
}
