/** Dure's event log as a process: `dure-log.ts <folder>`. */
import { eventLogService, openStorage } from "../../src/node.ts";
import { startDistributor, startNode } from "../dure/fleet.ts";
import { workFor } from "../harness/worker.ts";

const [folder = ""] = process.argv.slice(2);
/** Nothing is dropped while the benchmark looks. */
const retention = { keepBytes: 2 ** 40 };
const port = await startDistributor();
await startNode("eventlog", port, {
  services: [eventLogService({ storage: () => openStorage(folder), retention })],
});
workFor(port);
