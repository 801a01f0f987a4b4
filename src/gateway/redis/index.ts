/** redis: how a gateway asks the Redis that it shares with others. */
export type { GatewayRedis } from "./client.ts";
export { RedisConnection } from "./connection.ts";
export { RedisScript } from "./script.ts";
