import { DureError } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { HttpCache } from "./cache/index.ts";
import { type GatewayOptions, gatewayDefaults } from "./options.ts";

/** Makes the gateway's cache. Throws FAILED_PRECONDITION where it is shared by what is not there. */
export function openCache({ cache, node, redis }: GatewayOptions, logger: Logger): HttpCache {
  const { mb = gatewayDefaults.cacheMb, shared } = cache ?? {};
  if (shared && !redis) {
    const message = "gateway.cache is shared by Redis, and there is none; set gateway.redis";
    throw new DureError("FAILED_PRECONDITION", message);
  }
  const { mesh } = node.registry.self;
  return new HttpCache({
    bytesMax: mb * 2 ** 20,
    metrics: node.metrics,
    shared: shared && redis && { redis, mesh, logger },
  });
}
