import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkExport } from "./support/proxied-fleet.ts";

test("HAProxy before gateways that come and go", (t) =>
  checkExport(t, {
    format: "haproxy",
    reload: (folder) => `[ ! -e ${folder}/pid ] || kill -USR2 "$(cat ${folder}/pid)"`,
    prepare(folder, port) {
      const own = join(folder, "haproxy.cfg");
      writeFileSync(
        own,
        `global
    maxconn 100
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend shop
    bind 127.0.0.1:${port}
    default_backend shop_gateway
`,
      );
      const files = ["-f", own, "-f", join(folder, "upstreams.conf")];
      return ["/usr/sbin/haproxy", "-W", "-p", join(folder, "pid"), ...files];
    },
  }));
