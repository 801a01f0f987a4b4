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

/** Sends one command to a server. */
export async function administerRedis(port: number, command: string[]): Promise<any> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}
