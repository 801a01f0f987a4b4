import type { HttpServer, HttpServers } from "./http-servers.ts";

/** A configuration for a proxy, from a mesh's name and its servers. */
export type ExportFormat = (mesh: string, servers: HttpServers) => string;

const notice = (mesh: string) =>
  `# The HTTP servers of the mesh "${mesh}", written by dure export. Changes are overwritten.\n`;

/**
 * `upstream` blocks for nginx, one for each name: `proxy_pass http://shop_gateway;`. Keep-alive needs `proxy_http_version 1.1` and an empty
 * `Connection` where they are used (ngx_http_upstream_module).
 */
const nginx: ExportFormat = (mesh, servers) => {
  const blocks = [...servers].map(([name, list]) => {
    const lines = list.map(({ address }) => `    server ${address} max_fails=2 fail_timeout=2s;\n`);
    return `\nupstream ${word(mesh)}_${word(name)} {\n    least_conn;\n${lines.join("")}    keepalive 32;\n}\n`;
  });
  return notice(mesh) + blocks.join("");
};

/** `backend` sections for HAProxy, one for each name, with a health check that a gateway answers. */
const haproxy: ExportFormat = (mesh, servers) => {
  const sections = [...servers].map(([name, list]) => {
    const lines = list.map(
      (server, index) =>
        `    server ${word(server.name)}-${index + 1} ${server.address} check${tls(server)}\n`,
    );
    return `\nbackend ${word(mesh)}_${word(name)}\n    balance leastconn\n    option httpchk GET /healthz\n    default-server inter 1s fall 2 rise 1\n${lines.join("")}`;
  });
  return notice(mesh) + sections.join("");
};

/** By what they are called on the command line. */
export const exportFormats: Readonly<Record<string, ExportFormat>> = { nginx, haproxy };

/** The certificate must be one that the machine trusts. */
function tls({ isTls }: HttpServer): string {
  return isTls ? " ssl verify required ca-file @system-ca" : "";
}

/** Names come from nodes; in a configuration they are one word. */
function word(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, "_");
}
