import { type Sidecar, startSidecar } from "../../sidecar/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { programEnvironment } from "../program-environment.ts";
import { nodeOptionsOf } from "./node-options.ts";
import { offerMetrics } from "./offer-metrics.ts";
import { readyWhenAnnounced } from "./ready-when-announced.ts";
import type { SidecarSpec } from "./spec.ts";

/** Runs a program of another language under the supervisor. */
export async function hostSidecar(spec: SidecarSpec, link: SupervisorLink): Promise<void> {
  const running = await runSidecar(spec, link);
  offerMetrics(running.node.metrics, link);
  link.measure(() => running.node.requestCount);
  link.onStop(() => running.close(link.drainMs));
  readyWhenAnnounced(running.node, spec.host, link);
}

/** Starts the program; its output goes to the supervisor's. */
export async function runSidecar(spec: SidecarSpec, link: SupervisorLink): Promise<Sidecar> {
  const { nodeName, sidecar, folder } = spec;
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  return startSidecar({
    ...(await nodeOptionsOf(spec, nodeName, logger)),
    urls: sidecar.urls,
    publicUrls: sidecar.public ?? [],
    command: sidecar.command,
    cwd: folder,
    environment: programEnvironment(spec.dataFolder),
    healthPath: sidecar.health,
    onLine: (line) => link.tell({ kind: "line", text: line }),
  });
}
