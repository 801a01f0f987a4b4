import {
  createDistributor,
  createLogger,
  createNode,
  type MeshNode,
  type NodeOptions,
} from "../../src/node.ts";
import type { Transport } from "../../src/wire/index.ts";
import { productsService } from "./products.ts";

const host = "127.0.0.1";
/** The fleet's token: links are authenticated as they are in every fleet. */
const token = "a token of the benchmark, not a secret";
const logger = createLogger({ name: "bench" }, "warn");

/** Starts a Distributor; resolves to its port. */
export async function startDistributor(transport?: Transport): Promise<string> {
  const options = { host, port: 0, mesh: "bench", token, transport, logger };
  const { port } = await createDistributor(options);
  return String(port);
}

/** Starts a node that hosts the service, or what it is given. */
export function startNode(
  name: string,
  distributorPort: string,
  options: Pick<NodeOptions, "services" | "events" | "transport"> = {},
): Promise<MeshNode> {
  return createNode({
    name,
    mesh: "bench",
    host,
    distributors: [{ host, port: Number(distributorPort) }],
    services: name === "products" ? [productsService] : [],
    token,
    logger,
    ...options,
  });
}
