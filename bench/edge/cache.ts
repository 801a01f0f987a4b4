/** Answers out of the edge's own cache: nginx from files of its proxy_cache, which the kernel keeps in memory, Dure from its memory. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runFolder } from "./edge.ts";
import { startDure } from "./fleet.ts";
import { nginx, startNginx } from "./nginx.ts";
import { startService } from "./peer.ts";
import { type Contestant, checkAnswer, measureInTurns } from "./rounds.ts";
import { edgeTable } from "./tables.ts";

/** Runs the benchmark. */
export async function benchCache(rounds: number) {
  const folder = join(runFolder(), "nginx");
  mkdirSync(folder);
  const kept = await startNginx(folder, {
    http: `proxy_cache_path ${folder}/cache keys_zone=kept:10m; open_file_cache max=1000 inactive=1h;`,
    location: "proxy_cache kept;",
  });
  const service = await startService();
  const overHttp = await startDure({
    routes: [{ path: "/legacy/*", auth: "public", upstream: service.address, cache: true }],
  });
  const contestants: Contestant[] = [
    { name: "nginx", version: nginx.version, edge: kept, path: "/products/7" },
    {
      name: "Dure, an HTTP server's answer",
      edge: { ...overHttp, programs: [...overHttp.programs, service] },
      path: "/legacy/7",
    },
    { name: "Dure, an operation's answer", edge: await startDure(), path: "/kept/7" },
  ];
  for (const contestant of contestants) await checkAnswer(contestant);
  const rows = await measureInTurns(contestants, rounds);
  return { rows, text: edgeTable(rows, "nginx") };
}
