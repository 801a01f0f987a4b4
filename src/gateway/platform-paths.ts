import { toOpenApi } from "../contract/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Exchange } from "./exchange.ts";
import type { GatewayOptions } from "./options.ts";
import type { RouteBook } from "./route-book.ts";

/** Answers what the gateway itself offers: `/healthz`, `/readyz`, `/openapi.json`. False for everything else. */
export function answerPlatformPath(
  exchange: Exchange,
  node: MeshNode,
  routes: RouteBook,
  info: GatewayOptions["info"],
): boolean {
  const { target, method } = exchange;
  if (target.segments.length !== 1 || (method !== "GET" && method !== "HEAD")) return false;
  const json = (status: number, body: unknown) => {
    exchange.answer(
      status,
      [
        ["content-type", "application/json"],
        ["cache-control", "no-store"],
      ],
      JSON.stringify(body),
    );
    return true;
  };
  switch (target.segments[0]) {
    case "healthz":
      return json(200, { status: "ok" });
    case "readyz": {
      const isReady = node.registry.isSynced() && routes.table.routes.length > 0;
      return json(isReady ? 200 : 503, { status: isReady ? "ready" : "no routes are known yet" });
    }
    case "openapi.json":
      return json(200, openApi(node, routes, info));
    default:
      return false;
  }
}

function openApi(node: MeshNode, { table }: RouteBook, info: GatewayOptions["info"]): object {
  const hashes = new Set(table.routes.map(({ ref }) => ref.contractHash));
  const contracts = [...hashes].flatMap((hash) => node.contractOf(hash) ?? []);
  const { title = "API", version = "1.0.0" } = info ?? {};
  return toOpenApi(contracts, { title, version });
}
