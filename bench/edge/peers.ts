import { startDure } from "./fleet.ts";
import { haproxy } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import { type EdgePeer, startModule, startNodeProxy, startService } from "./peer.ts";

/** No edge at all: wrk straight to the bare server. What the service alone costs. */
export const direct: EdgePeer = {
  name: "no edge",
  version: undefined,
  async start() {
    const service = await startService();
    return { url: service.address, programs: [service] };
  },
};

const moleculerWeb: EdgePeer = {
  name: "moleculer-web",
  version: { package: "moleculer-web" },
  async start() {
    const service = await startModule("./moleculer-web.ts", "service");
    const edge = await startModule("./moleculer-web.ts", "edge", service.address);
    return { url: edge.address, programs: [edge, service] };
  },
};

const fastifyHttpProxy: EdgePeer = {
  name: "@fastify/http-proxy",
  version: { package: "@fastify/http-proxy" },
  start: () => startNodeProxy("./fastify-http-proxy.ts"),
};

const httpProxy: EdgePeer = {
  name: "http-proxy",
  version: { package: "http-proxy" },
  start: () => startNodeProxy("./http-proxy.ts"),
};

const dure: EdgePeer = { name: "Dure", version: undefined, start: () => startDure() };

/** The contestants in the order of the table. */
export const edgePeers: readonly EdgePeer[] = [
  direct,
  nginx,
  haproxy,
  moleculerWeb,
  fastifyHttpProxy,
  httpProxy,
  dure,
];
