/**
 * Dure with its defaults, each part in a process of its own, as in a real fleet:
 * `dure.ts distributor`, `dure.ts service <port>`, `dure.ts gateway <port> [<options as JSON>]` with the Distributor's port.
 */
import { setTimeout as pause } from "node:timers/promises";
import { createGateway } from "../../src/node.ts";
import { startDistributor, startNode } from "../dure/fleet.ts";
import { workFor } from "../harness/worker.ts";

const [role, distributorPort = "", options = "{}"] = process.argv.slice(2);
if (role === "distributor") {
  workFor(await startDistributor());
} else if (role === "service") {
  await startNode("products", distributorPort);
  workFor("");
} else {
  const node = await startNode("gateway", distributorPort);
  const gateway = await createGateway({
    ...JSON.parse(options),
    node,
    host: "127.0.0.1",
    port: 0,
  });
  while (!gateway.isReady(["products"])) await pause(10);
  workFor(gateway.url);
}
