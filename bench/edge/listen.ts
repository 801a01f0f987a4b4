import { once } from "node:events";
import type { Server } from "node:http";
import { workFor } from "../harness/worker.ts";

/** Longer than a whole run, so that no idle connection is closed under a proxy that is about to use it. */
const keepAliveMs = 600_000;

/** Listens on a free loopback port, tells the parent, and serves until the end. */
export async function listen(server: Server): Promise<void> {
  server.keepAliveTimeout = keepAliveMs;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  workFor(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
}
