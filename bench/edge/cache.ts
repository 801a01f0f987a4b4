/**
 * Answers out of the edge's own cache: nginx from files of its proxy_cache, which the kernel keeps in memory, Dure from its memory. Beside them
 * what Node can do at best: Dure's bytes, sent for whatever comes in.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFolder } from "./edge.ts";
import { startDure } from "./fleet.ts";
import { nginx, startNginx } from "./nginx.ts";
import { startModule, startService } from "./peer.ts";
import { type Contestant, checkAnswer, measureInTurns, warmUp } from "./rounds.ts";
import { edgeTable } from "./tables.ts";

/** wrk's clients send the very same bytes again and again, which Dure does not read anew; these never do. */
const unlike = `
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format(nil, nil, { ["x-turn"] = tostring(turn) })
end
`;

/** Starts each contestant; names as `--only` has them. */
const starts: Readonly<Record<string, () => Promise<Omit<Contestant, "name">>>> = {
  nginx: async () => {
    const folder = join(runFolder(), "nginx");
    mkdirSync(folder);
    const edge = await startNginx(folder, {
      http: `proxy_cache_path ${folder}/cache keys_zone=kept:10m; open_file_cache max=1000 inactive=1h;`,
      location: "proxy_cache kept;",
    });
    return { version: nginx.version, edge, path: "/products/7" };
  },
  "bare node:net": async () => {
    const { url, programs } = await startDure();
    const bare = await startModule("./bare-answer.ts", `${url}/kept/7`);
    for (const program of programs) await program.stop();
    return { edge: { url: bare.address, programs: [bare] }, path: "/kept/7" };
  },
  "Dure, an HTTP server's answer": async () => {
    const service = await startService();
    const { url, programs } = await startDure({
      routes: [{ path: "/legacy/*", auth: "public", upstream: service.address, cache: true }],
    });
    return { edge: { url, programs: [...programs, service] }, path: "/legacy/7" };
  },
  "Dure, an operation's answer": async () => ({ edge: await startDure(), path: "/kept/7" }),
  "Dure, each request unlike the last": async () => {
    const script = join(runFolder(), "unlike.lua");
    writeFileSync(script, unlike);
    return { edge: await startDure(), path: "/kept/7", load: { script } };
  },
};

/** Runs the benchmark. `only`: names of contestants, for working on one of them. */
export async function benchCache(rounds: number, only: readonly string[]) {
  const contestants: Contestant[] = [];
  for (const [name, start] of Object.entries(starts)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const contestant = { name, ...(await start()) };
    await checkAnswer(contestant);
    contestants.push(contestant);
  }
  for (const contestant of contestants) await warmUp(contestant);
  const rows = await measureInTurns(contestants, rounds);
  return { rows, text: edgeTable(rows, "nginx") };
}
