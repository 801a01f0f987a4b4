import { toOpenApi } from "../contract/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Exchange } from "./exchange.ts";
import type { GatewayOptions } from "./options.ts";
import type { RouteBook } from "./route-book.ts";

const platformPaths = ["healthz", "readyz", "openapi.json"];

/** Whether the gateway itself answers. */
export function isPlatformPath({ method, target }: Pick<Exchange, "method" | "target">): boolean {
  const { segments } = target;
  const isRead = method === "GET" || method === "HEAD";
  return isRead && segments.length === 1 && platformPaths.includes(segments[0] as string);
}

/** Answers what the gateway itself offers: `/healthz`, `/readyz`, `/openapi.json`. False for everything else. */
export function answerPlatformPath(
  exchange: Exchange,
  node: MeshNode,
  routes: RouteBook,
  info: GatewayOptions["info"],
): boolean {
  const { target } = exchange;
  if (!isPlatformPath(exchange)) return false;
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
    default:
      return json(200, openApi(node, routes, info));
  }
}

function openApi(node: MeshNode, { table }: RouteBook, info: GatewayOptions["info"]): object {
  const hashes = new Set(table.routes.map(({ ref }) => ref.contractHash));
  const contracts = [...hashes].flatMap((hash) => node.contractOf(hash) ?? []);
  const { title = "API", version = "1.0.0" } = info ?? {};
  return toOpenApi(contracts, { title, version });
}
