/** How the log is kept in an engine. Each is loaded where it is used: every process imports this folder, and one at most opens an engine. */
export const engineStorages = {
  nats: async () => (await import("./nats/index.ts")).openNatsStorage,
  postgres: async () => (await import("./postgres/index.ts")).openPostgresStorage,
  rabbitmq: async () => (await import("./rabbitmq/index.ts")).openRabbitmqStorage,
  redis: async () => (await import("./redis/index.ts")).openRedisStorage,
};
