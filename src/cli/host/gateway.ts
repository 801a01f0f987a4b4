import { createGateway } from "../../gateway/index.ts";
import { every } from "../../kit/index.ts";
import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { portAdvice } from "../port-taken.ts";
import type { GatewaySpec, HostTold } from "./spec.ts";

/** How often it is looked whether all services are reachable, until they are; in ms. */
const coverageMs = 25;
/** So many looks (5 s) without success, and it is told what is missing. */
const looksPerReport = 200;

/** Runs the HTTP edge under the supervisor, and tells when it reaches every expected service. */
export async function hostGateway(spec: GatewaySpec, link: SupervisorLink): Promise<void> {
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    name: "gateway",
    slot: spec.name,
    mesh: spec.mesh,
    host: spec.host,
    distributors: spec.distributors,
    token: spec.token,
    dataDir: spec.dataFolder,
    calls: spec.calls,
    logger,
  });
  const { port, host, auth, limits } = spec.gateway;
  const gateway = await portAdvice("gateway.port", host, port, () =>
    createGateway({
      node,
      host,
      port,
      ...(auth ? { auth } : {}),
      ...(limits ? { limits } : {}),
      logger,
      info: { title: spec.mesh, version: "1.0.0" },
    }),
  );
  link.onStop(async () => {
    await gateway.close();
    await node.drain();
    await node.close();
  });
  link.ready({ host, port: gateway.port });
  let looks = 0;
  const watch = every(coverageMs, () => {
    const missing = spec.expects.filter((service) => !gateway.isReady([service]));
    if (missing.length === 0) {
      watch.cancel();
      return tell(link, { kind: "covers" });
    }
    looks += 1;
    if (looks % looksPerReport !== 0) return;
    const text = `still sees no instance of ${missing.join(", ")}; waiting`;
    tell(link, { kind: "line", text });
  });
}

function tell(link: SupervisorLink, told: HostTold): void {
  link.tell(told);
}
