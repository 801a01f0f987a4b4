import type { SupervisorLink } from "../../supervisor/index.ts";
import { addProcessMetrics, type Metrics } from "../../telemetry/index.ts";

/** Lets the supervisor read what this process counts. */
export function offerMetrics(metrics: Metrics, link: SupervisorLink): void {
  addProcessMetrics(metrics);
  link.offerMetrics(() => metrics.read());
}
