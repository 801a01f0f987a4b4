import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { descriptorsMax } from "../harness/descriptors.ts";
import { type EdgePeer, type RunningEdge, startProxy } from "./peer.ts";

/** nginx: one worker, kept-alive connections on both sides that are never retired, no access log. */
export const nginx: EdgePeer = {
  name: "nginx",
  version: { command: ["nginx", "-v"] },
  start: (folder) => startNginx(folder),
};

/** Two for each of 10,000 requests at work, and some for itself. More than it may have descriptors it would complain of. */
const connectionsMax = 21_000;

/** Its worker must be able to write into the folder. */
const isRoot = process.getuid?.() === 0;

/** Directives that some parts of the benchmark add. */
export interface NginxAdditions {
  /** Connections to the service that it may keep; fewer than work at a time are opened anew again and again, until no port is left. */
  readonly idleMax?: number;
  readonly http?: string;
  readonly location?: string;
}

/** Starts nginx and the bare service behind it. */
export function startNginx(folder: string, additions: NginxAdditions = {}): Promise<RunningEdge> {
  return startProxy("nginx", (port, upstreamPort) => {
    const file = join(folder, "nginx.conf");
    mkdirSync(join(folder, "logs"));
    writeFileSync(file, config(folder, port, upstreamPort, additions));
    return ["-p", folder, "-c", file, "-e", "stderr"];
  });
}

const config = (
  folder: string,
  port: number,
  upstreamPort: number,
  { http = "", location = "", idleMax = 64 }: NginxAdditions,
) => `
daemon off;
worker_processes 1;
${isRoot ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections ${Math.min(connectionsMax, descriptorsMax())}; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  ${http}
  upstream service {
    server 127.0.0.1:${upstreamPort};
    keepalive ${idleMax};
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${location}
    }
  }
}
`;
