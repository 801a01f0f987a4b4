/**
 * gateway: the HTTP edge. Routes come from the contracts in the view; every request becomes one {@link Exchange}; errors become
 * problem documents. The HTTP engine sits behind `exchange.ts`.
 */
export { createApiKey } from "./auth/index.ts";
export { createGateway, type Gateway } from "./gateway.ts";
export type {
  AuthOptions,
  CorsOptions,
  FilesSection,
  GatewayCacheOptions,
  GatewayLimits,
  GatewayOptions,
  IssuerOptions,
  OperationRouteOptions,
  RateLimitPolicy,
  RouteOptions,
  RouteSection,
} from "./options.ts";
export { rateLimitService } from "./rate-limits/index.ts";
export type { GatewayRedis } from "./redis/index.ts";
export { RouteMap, type RouteQuestion } from "./route-map.ts";
export { TrustedProxies } from "./trusted-proxies.ts";
