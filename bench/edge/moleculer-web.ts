/**
 * moleculer-web in one process and the service in another, over Moleculer's TCP transporter:
 * `moleculer-web.ts service`, `moleculer-web.ts edge <port of the service>`.
 */
import moleculer from "moleculer";
import ApiGateway from "moleculer-web";
import { answer } from "../calls/messages.ts";
import { freePort } from "../harness/free-port.ts";
import { workFor } from "../harness/worker.ts";

const [role, address] = process.argv.slice(2);
const isEdge = role === "edge";
const port = await freePort();
const broker = new moleculer.ServiceBroker({
  nodeID: role ?? "",
  logger: false,
  transporter: {
    type: "TCP",
    options: {
      udpDiscovery: false,
      port,
      urls: isEdge ? `127.0.0.1:${address}/service` : "",
    },
  },
});
if (isEdge) {
  const httpPort = await freePort();
  const aliases = { "GET products/:id": "products.get" };
  broker.createService({
    name: "api",
    mixins: [ApiGateway as any],
    settings: { port: httpPort, ip: "127.0.0.1", routes: [{ path: "/", aliases }] },
  });
  await broker.start();
  await broker.waitForServices("products", 10_000, 50);
  workFor(`http://127.0.0.1:${httpPort}`);
} else {
  broker.createService({
    name: "products",
    actions: {
      get: {
        params: { id: { type: "number", convert: true } },
        handler: (context: { params: { id: number } }) =>
          answer({ id: context.params.id, currency: "KRW" }),
      },
    },
  });
  await broker.start();
  workFor(String(port));
}
