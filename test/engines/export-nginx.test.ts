import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkExport } from "./support/proxied-fleet.ts";

test("nginx before gateways that come and go", (t) =>
  checkExport(t, {
    format: "nginx",
    reload: (folder) => `[ ! -e ${folder}/pid ] || kill -HUP "$(cat ${folder}/pid)"`,
    prepare(folder, port) {
      const own = join(folder, "nginx.conf");
      writeFileSync(
        own,
        `pid ${folder}/pid;
daemon off;
worker_processes 1;
error_log ${folder}/logs/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/upstreams.conf;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass http://shop_gateway;
    }
  }
}
`,
      );
      return ["/usr/sbin/nginx", "-p", folder, "-e", `${folder}/logs/error.log`, "-c", own];
    },
  }));
