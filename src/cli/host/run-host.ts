import { obeySupervisor } from "../../supervisor/index.ts";
import { exitCodeOf, explain } from "../exit-code.ts";
import type { HostSpec } from "./spec.ts";

/** The life of a supervised process: takes its work from the supervisor, does it, and says why if it cannot. */
export async function runHost(): Promise<void> {
  const link = await obeySupervisor();
  const spec = link.spec as HostSpec;
  process.title = `dure ${spec.mesh} ${spec.name}`;
  try {
    // Each role is loaded only where it runs: a Distributor needs neither the mesh nor the gateway.
    switch (spec.role) {
      case "distributor":
        return await (await import("./distributor.ts")).hostDistributor(spec, link);
      case "eventlog":
        return await (await import("./event-log.ts")).hostEventLog(spec, link);
      case "gateway":
        return await (await import("./gateway.ts")).hostGateway(spec, link);
      case "services":
        return await (await import("./services.ts")).hostServices(spec, link);
      case "sidecar":
        return await (await import("./sidecar.ts")).hostSidecar(spec, link);
      case "console":
        return await (await import("./console.ts")).hostConsole(spec, link);
      case "dev":
        return await (await import("./dev.ts")).hostDev(spec, link);
    }
  } catch (thrown) {
    link.fail(new Error(explain(thrown)), exitCodeOf(thrown));
  }
}
