import { createDistributor, createLogger, createNode, type MeshNode } from "../../src/node.ts";
import { productsService } from "./products.ts";

const host = "127.0.0.1";
/** The fleet's token: links are authenticated as they are in every fleet. */
const token = "a token of the benchmark, not a secret";
const logger = createLogger({ name: "bench" }, "warn");

/** Starts a Distributor; resolves to its port. */
export async function startDistributor(): Promise<string> {
  const { port } = await createDistributor({ host, port: 0, mesh: "bench", token, logger });
  return String(port);
}

/** Starts a node that hosts the service, or nothing. */
export function startNode(name: string, distributorPort: string): Promise<MeshNode> {
  return createNode({
    name,
    mesh: "bench",
    host,
    distributors: [{ host, port: Number(distributorPort) }],
    services: name === "products" ? [productsService] : [],
    token,
    logger,
  });
}
