import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EdgePeer, startProxy } from "./peer.ts";

/** HAProxy: one thread, upstream connections shared between clients and kept. */
export const haproxy: EdgePeer = {
  name: "HAProxy",
  version: { command: ["haproxy", "-v"] },
  start: (folder) =>
    startProxy("haproxy", (port, upstreamPort) => {
      const file = join(folder, "haproxy.cfg");
      writeFileSync(file, config(port, upstreamPort));
      return ["-q", "-db", "-f", file];
    }),
};

const config = (port: number, upstreamPort: number) => `
global
  nbthread 1
  maxconn 1024
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend edge
  bind 127.0.0.1:${port}
  default_backend service
backend service
  server service 127.0.0.1:${upstreamPort} pool-purge-delay 600s
`;
