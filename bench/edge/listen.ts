import { once } from "node:events";
import type { Server } from "node:http";
import { workFor } from "../harness/worker.ts";

/** Longer than a whole run, so that no idle connection is closed under a proxy that is about to use it. */
const keepAliveMs = 600_000;

/** Listens on a free loopback port, tells the parent, and serves until the end. `tell`: what the parent is told; the URL alone by default. */
export async function listenLocally(
  server: Server,
  tell: (url: string) => string = (url) => url,
): Promise<void> {
  server.keepAliveTimeout = keepAliveMs;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  workFor(tell(`http://127.0.0.1:${(server.address() as { port: number }).port}`));
}
