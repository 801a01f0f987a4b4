/** Clients that connect, ask once, and then say nothing: asked for so many at a URL, it tells how many were answered. */
import { connect, type Socket } from "node:net";
import { workFor } from "../harness/worker.ts";

/** How many connect at once: no more than a listener's backlog. */
const atOnce = 200;
const sockets: Socket[] = [];

function open(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    sockets.push(socket);
    socket.on("error", () => resolve(false)).on("close", () => resolve(false));
    socket.once("data", () => resolve(true));
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  });
}

workFor("", async ({ url, count }: { url: string; count: number }) => {
  for (const socket of sockets.splice(0)) socket.destroy();
  let answered = 0;
  for (let left = count; left > 0; left -= atOnce) {
    const batch = Array.from({ length: Math.min(left, atOnce) }, () => open(new URL(url)));
    answered += (await Promise.all(batch)).filter(Boolean).length;
  }
  return answered;
});
