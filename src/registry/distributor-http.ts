import type { RequestListener } from "node:http";
import type { NodeRecord } from "./record.ts";

/** The read side over plain HTTP, for curl: `GET /distributor`, `GET /distributor?service=products`, `GET /healthz`. */
export function distributorHttp(source: { nodes(): NodeRecord[] }): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://distributor");
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
    if (url.pathname === "/healthz") return send(200, { status: "ok" });
    if (url.pathname !== "/distributor") {
      return send(404, { title: "There is GET /distributor and GET /healthz", status: 404 });
    }
    const service = url.searchParams.get("service");
    const nodes = source
      .nodes()
      .filter((node) => !service || node.services.some(({ name }) => name === service));
    return send(200, nodes);
  };
}
