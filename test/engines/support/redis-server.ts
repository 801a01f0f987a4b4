import { createClient } from "@redis/client";
import type { GatewayRedis } from "../../../src/gateway/index.ts";

/** The command of a Redis that keeps nothing on disk. */
export const redisServer = ({
  port,
  folder,
}: {
  readonly port: number;
  readonly folder: string;
}): [string, ...string[]] => [
  "redis-server",
  ...["--port", String(port), "--dir", folder, "--save", ""],
];

/** Opens clients as `dure up` does. */
export const openRedis =
  (port: () => number): (() => GatewayRedis) =>
  () => {
    const url = `redis://127.0.0.1:${port()}`;
    const client = createClient({ url, disableOfflineQueue: true });
    client
      .on("error", () => {})
      .connect()
      .catch(() => {});
    return client;
  };
