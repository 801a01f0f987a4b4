import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EdgePeer, startProxy } from "./peer.ts";

/** nginx: one worker, kept-alive connections on both sides that are never retired, no access log. */
export const nginx: EdgePeer = {
  name: "nginx",
  version: { command: ["nginx", "-v"] },
  start: (folder) =>
    startProxy("nginx", (port, upstreamPort) => {
      const file = join(folder, "nginx.conf");
      mkdirSync(join(folder, "logs"));
      writeFileSync(file, config(folder, port, upstreamPort));
      return ["-p", folder, "-c", file, "-e", "stderr"];
    }),
};

const config = (folder: string, port: number, upstreamPort: number) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  upstream service {
    server 127.0.0.1:${upstreamPort};
    keepalive 64;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
