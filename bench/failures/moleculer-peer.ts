import moleculer, { type BrokerOptions } from "moleculer";
import { freePort } from "../harness/free-port.ts";
import type { Answer } from "./messages.ts";
import type { FailurePeer } from "./peer.ts";

/** Moleculer over its TCP transporter, peers given instead of found by UDP; everything else as in `options`. */
export function moleculerPeer(options: BrokerOptions): FailurePeer {
  const createBroker = (nodeID: string, port: number, urls: string) =>
    new moleculer.ServiceBroker({
      ...options,
      nodeID,
      logger: false,
      // Its own listener for SIGTERM does the same as the benchmark's: stop, then exit.
      skipProcessEventRegistration: true,
      transporter: { type: "TCP", options: { udpDiscovery: false, port, urls } },
    });
  return {
    async serve({ name, handlers }) {
      const port = await freePort();
      const broker = createBroker(name, port, "");
      broker.createService({
        name: "stock",
        actions: {
          read: (context: { params: any }) => handlers.read(context.params),
          write: (context: { params: any }) => handlers.write(context.params),
        },
      });
      await broker.start();
      return { port, stop: () => broker.stop() };
    },
    async connect({ callees }) {
      const urls = callees.map(({ name, port }) => `127.0.0.1:${port}/${name}`).join(",");
      const broker = createBroker("caller", await freePort(), urls);
      await broker.start();
      await broker.waitForServices("stock", 10_000, 50);
      return {
        read: (question) => broker.call<Answer, any>("stock.read", question),
        write: (question) => broker.call<Answer, any>("stock.write", question),
      };
    },
  };
}
