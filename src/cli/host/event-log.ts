import { eventLogService, openStorage } from "../../events/index.ts";
import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { transportFor } from "../transport.ts";
import { openEngine } from "./event-engine.ts";
import { offerMetrics } from "./offer-metrics.ts";
import { readyWhenAnnounced } from "./ready-when-announced.ts";
import type { EventLogPlace, EventLogSpec } from "./spec.ts";

/** Runs the event log under the supervisor. */
export async function hostEventLog(spec: EventLogSpec, link: SupervisorLink): Promise<void> {
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    name: "eventlog",
    slot: spec.name,
    mesh: spec.mesh,
    host: spec.host,
    distributors: spec.distributors,
    services: [logServiceAt(spec.log)],
    token: spec.token,
    dataDir: spec.dataFolder,
    zone: spec.zone,
    traces: spec.traces,
    transport: await transportFor(spec.certs, "eventlog", logger),
    logger,
  });
  offerMetrics(node.metrics, link);
  link.onStop(async () => {
    await node.drain(link.drainMs);
    await node.close();
  });
  readyWhenAnnounced(node, spec.host, link);
}

/** The log in its folder, or in an engine. */
export function logServiceAt({ folder, url, keepMs, keepBytes }: EventLogPlace) {
  const storage = () => (url === undefined ? openStorage(folder) : openEngine(url));
  return eventLogService({ storage, retention: { keepMs, keepBytes } });
}
