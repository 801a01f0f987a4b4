/** The event log as a process: `log-node.ts <distributor port> <folder>`. Prints a line once it serves. Ends with its standard input. */
import { eventLogService, meshEvents, openStorage } from "../../../src/events/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";

const [port, folder = ""] = process.argv.slice(2);
await createNode({
  name: "log",
  mesh: "history",
  distributors: [{ host: "127.0.0.1", port: Number(port) }],
  services: [eventLogService({ storage: () => openStorage(folder) })],
  events: meshEvents(),
  logger: silentLogger,
});
process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write("serving\n");
