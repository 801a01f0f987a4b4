import { once } from "node:events";
import { createServer } from "node:net";

/** Above most services that everybody knows, below where Linux (32,768) and others (49,152) begin to give ports away. */
const firstPort = 10_000;
const lastPort = 32_767;

/** A port that nobody listens on now, and that the kernel gives to nobody who asks for any port or opens a connection. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
