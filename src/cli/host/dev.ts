import { formatHostPort } from "../../config/index.ts";
import { describe, serviceDefinition } from "../../contract/index.ts";
import { createGateway } from "../../gateway/index.ts";
import { Closers } from "../../kit/index.ts";
import { createNode } from "../../mesh/index.ts";
import { createDistributor } from "../../registry/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { dialHost } from "../fleet/plan.ts";
import { portAdvice } from "../port-taken.ts";
import { tellWhenCovered } from "./covers.ts";
import { loadHosted } from "./hosted-services.ts";
import type { DevSpec, HostTold } from "./spec.ts";

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
    services,
    token,
    dataDir: spec.dataFolder,
    calls: spec.calls,
    env,
    logger,
  });
  closers.add(async () => {
    await node.drain();
    await node.close();
  });
  const { port, host: gatewayHost, auth, limits } = spec.gateway;
  const gateway = await portAdvice("gateway.port", gatewayHost, port, () =>
    createGateway({
      node,
      host: gatewayHost,
      port,
      ...(auth ? { auth } : {}),
      ...(limits ? { limits } : {}),
      logger,
      info: { title: mesh, version: "1.0.0" },
    }),
  );
  closers.add(() => gateway.close());

  const tell = (told: HostTold) => link.tell(told);
  for (const service of services) {
    const { name, operations } = describe(serviceDefinition(service).contract);
    const routes = Object.values(operations).flatMap(({ http }) =>
      http ? [`${http.method} ${http.path}`] : [],
    );
    const count = Object.keys(operations).length;
    tell({
      kind: "line",
      text: `${name}: ${count} operation${count === 1 ? "" : "s"}   ${routes.join("   ")}`,
    });
  }
  for (const address of distributors) {
    tell({ kind: "line", text: `distributor: ${formatHostPort(address)}` });
  }
  link.ready({ host: gatewayHost, port: gateway.port });
  const names = services.map((service) => describe(serviceDefinition(service).contract).name);
  tellWhenCovered(gateway, names, tell);
}
