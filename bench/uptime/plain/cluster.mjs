/**
 * `cluster.mjs COUNT`: the plain server on node:cluster, as its documentation has it. SIGUSR2 replaces one worker after the other: the
 * new one listens before the old one is disconnected.
 */
import cluster from "node:cluster";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** As in the example of worker.disconnect(): keep-alive connections in use would hold a worker for ever. In ms. */
const killMs = 2_000;

cluster.setupPrimary({ exec: join(import.meta.dirname, "server.mjs") });
for (let index = 0; index < Number(process.argv[2]); index += 1) cluster.fork();

process.on("SIGUSR2", async () => {
  for (const former of Object.values(cluster.workers)) {
    await once(cluster.fork(), "listening");
    const gone = once(former, "exit");
    former.disconnect();
    const late = setTimeout(() => former.kill(), killMs);
    await gone;
    clearTimeout(late);
  }
  appendFileSync(join(process.env.DURE_DATA, "reloads"), "reloaded\n");
});
process.on("SIGTERM", () => process.exit(0));
