import type { RequestListener } from "node:http";
import type { NodeRecord } from "./record.ts";

const httpUrl = /^https?:\/\/([^/]+)$/;

/** The nodes for Prometheus' `http_sd_config`: a target for each address, and as labels what can be chosen or renamed by. */
function discovery(nodes: readonly NodeRecord[]): readonly object[] {
  return nodes.flatMap((node) => {
    const { mesh, name, slot, zone, machine, state, host, port, services, urls } = node;
    const names = services.map((service) => service.name);
    const labels = {
      ...{ __meta_dure_mesh: mesh, __meta_dure_name: name, __meta_dure_slot: slot },
      ...{ __meta_dure_zone: zone, __meta_dure_machine: machine, __meta_dure_state: state },
      // In commas on both sides, so that one name can be matched, as Prometheus does with Consul's tags.
      __meta_dure_services: names.length > 0 ? `,${names.join(",")},` : "",
    };
    const http = urls.flatMap((url) => httpUrl.exec(url)?.[1] ?? []);
    const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    const mine =
      port > 0 ? [{ targets: [address], labels: { ...labels, __meta_dure_role: "mesh" } }] : [];
    const edges = http.map((target) => ({
      targets: [target],
      labels: { ...labels, __meta_dure_role: "http" },
    }));
    return [...mine, ...edges];
  });
}

/**
 * The read side over plain HTTP, for curl and Prometheus: `GET /distributor`, `GET /distributor?service=products`, `GET /distributor/prometheus`,
 * `GET /healthz`.
 */
export function distributorHttp(source: { nodes(): NodeRecord[] }): RequestListener {
  return (request, response) => {
    // Not by URL, which throws for a target like `//`: that would end the process, and anybody can send it.
    const [path, query] = (request.url ?? "").split("?");
    const send = (status: number, body: unknown) => {
      response.writeHead(status, {
        "content-type": "application/json",
        "cache-control": "no-store",
      });
      response.end(`${JSON.stringify(body)}\n`);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return send(405, {
        title: "Registering goes over the wire protocol; HTTP only reads",
        status: 405,
      });
    }
    if (path === "/healthz") return send(200, { status: "ok" });
    if (path === "/distributor/prometheus") return send(200, discovery(source.nodes()));
    if (path !== "/distributor") {
      const title = "There is GET /distributor, GET /distributor/prometheus and GET /healthz";
      return send(404, { title, status: 404 });
    }
    const service = new URLSearchParams(query).get("service");
    const nodes = source
      .nodes()
      .filter((node) => !service || node.services.some(({ name }) => name === service));
    return send(200, nodes);
  };
}
