/** events/redis: the event log's data in Redis. */
export { openRedisStorage, type RedisClient, type RedisStorageOptions } from "./redis-storage.ts";
