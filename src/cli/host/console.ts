import { createNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { nodeOptionsOf } from "./node-options.ts";
import { offerMetrics } from "./offer-metrics.ts";
import type { ConsoleSpec, HostTold } from "./spec.ts";
import { ownSignInUrl, startConsole } from "./start-console.ts";

/** Runs the web console under the supervisor. */
export async function hostConsole(spec: ConsoleSpec, link: SupervisorLink): Promise<void> {
  const logger = createLogger({ name: spec.name }, spec.logLevel);
  const node = await createNode({
    ...(await nodeOptionsOf(spec, "console", logger)),
    isObservable: true,
  });
  const running = await startConsole(spec.console, node, logger);
  offerMetrics(node.metrics, link);
  link.onStop(async () => {
    await running.close();
    await node.close();
  });
  const told: HostTold = { kind: "console", url: ownSignInUrl(running.url, spec.console) };
  link.tell(told);
  link.ready({ host: spec.console.host, port: running.port });
}
