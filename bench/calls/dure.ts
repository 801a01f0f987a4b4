/** Dure with its defaults: validation, deadline, trace context, two-choices balancing, retries, authenticated links. */
import { startDistributor, startNode } from "../dure/fleet.ts";
import { products } from "../dure/products.ts";
import type { CallPeer } from "./peer.ts";

const peer: CallPeer = {
  async serve() {
    // The Distributor sits in the callee's process: it does nothing during calls.
    const distributorPort = await startDistributor();
    await startNode("products", distributorPort);
    return distributorPort;
  },
  async connect(address) {
    const node = await startNode("caller", address);
    const client = node.client(products);
    return (question) => client.get(question);
  },
};
export default peer;
