import { createDistributor } from "../../registry/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger, Metrics } from "../../telemetry/index.ts";
import { portAdvice } from "../port-taken.ts";
import { transportFor } from "../transport.ts";
import { offerMetrics } from "./offer-metrics.ts";
import type { DistributorSpec } from "./spec.ts";

/** Runs the registry server under the supervisor. */
export async function hostDistributor(spec: DistributorSpec, link: SupervisorLink): Promise<void> {
  const { host, port, mesh, token, name, logLevel } = spec;
  const logger = createLogger({ name }, logLevel === "info" ? "warn" : logLevel);
  const transport = await transportFor(spec.certs, "distributor", logger);
  const distributor = await portAdvice("distributor.port", host, port, () =>
    createDistributor({ host, port, mesh, token, transport, logger }),
  );
  offerMetrics(new Metrics(), link);
  link.onStop(() => distributor.close());
  link.ready({ host, port: distributor.port });
}
