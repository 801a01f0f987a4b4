/** Moleculer over its TCP transporter, peers given instead of found by UDP, no logger, no validator, no metrics. */
import moleculer from "moleculer";
import { freePort } from "../harness/free-port.ts";
import { answer } from "./messages.ts";
import type { CallPeer } from "./peer.ts";

function broker(nodeID: string, port: number, urls: string) {
  return new moleculer.ServiceBroker({
    nodeID,
    logger: false,
    validator: false,
    transporter: { type: "TCP", options: { udpDiscovery: false, port, urls } },
  });
}

const peer: CallPeer = {
  async serve() {
    const port = await freePort();
    const callee = broker("callee", port, "");
    callee.createService({
      name: "products",
      actions: { get: (context: { params: any }) => answer(context.params) },
    });
    await callee.start();
    return String(port);
  },
  async connect(address) {
    const caller = broker("caller", await freePort(), `127.0.0.1:${address}/callee`);
    await caller.start();
    await caller.waitForServices("products", 10_000, 50);
    return (question) => caller.call("products.get", question);
  },
};
export default peer;
