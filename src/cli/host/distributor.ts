import { createDistributor } from "../../registry/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { portAdvice } from "../port-taken.ts";
import type { DistributorSpec } from "./spec.ts";

/** Runs the registry server under the supervisor. */
export async function hostDistributor(spec: DistributorSpec, link: SupervisorLink): Promise<void> {
  const { host, port, mesh, token, name, logLevel } = spec;
  const logger = createLogger({ name }, logLevel === "info" ? "warn" : logLevel);
  const distributor = await portAdvice("distributor.port", host, port, () =>
    createDistributor({ host, port, mesh, token, logger }),
  );
  link.onStop(() => distributor.close());
  link.ready({ host, port: distributor.port });
}
