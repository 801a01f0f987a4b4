/** A service with one route joins a fleet of a thousand, under load: how soon its route answers, and what becomes of other requests. */
import { setTimeout as pause } from "node:timers/promises";
import { spread } from "../harness/statistics.ts";
import { markdownTable } from "../harness/table.ts";
import { startModule } from "./peer.ts";
import type { SteadyLoad, SteadyResult } from "./steady-load.ts";

const routesBefore = 1_000;
const loadPerSecond = 500;
const loadS = 4;
const visibleMsMax = 20_000;

interface RouteSample {
  /** From the start of its node, and from when that had joined, in ms. */
  readonly afterBeganMs: number;
  readonly afterJoinedMs: number;
  readonly load: SteadyResult;
}

/** Runs the benchmark. */
export async function benchRoutes(rounds: number) {
  const samples: RouteSample[] = [];
  for (let round = 0; round < rounds; round++) samples.push(await measure());
  const of = (figure: (sample: RouteSample) => number) => {
    const { median, max } = spread(samples.map(figure));
    return [median.toFixed(1), max.toFixed(1)];
  };
  const text = markdownTable([
    ["one route more beside 1,000", "median", "highest"],
    ["answers after its node began, ms", ...of(({ afterBeganMs }) => afterBeganMs)],
    ["answers after its node had joined, ms", ...of(({ afterJoinedMs }) => afterJoinedMs)],
    [`p99 of ${loadPerSecond} other requests/s, ms`, ...of(({ load }) => load.p99Ms)],
    ["slowest of them, ms", ...of(({ load }) => load.slowestMs)],
    ["other requests that failed", ...of(({ load }) => load.failures)],
  ]);
  return { rows: samples, text };
}

async function measure(): Promise<RouteSample> {
  const distributor = await startModule("./dure.ts", "distributor");
  const many = await startModule(
    "./routes-node.ts",
    ...[distributor.address, "many", String(routesBefore)],
  );
  const service = await startModule("./dure.ts", "service", distributor.address);
  const gateway = await startModule("./dure.ts", "gateway", distributor.address);
  const loader = await startModule("./steady-load.ts");
  await answers(`${gateway.address}/many/${routesBefore - 1}`);
  const asked: SteadyLoad = {
    url: `${gateway.address}/many/7`,
    perSecond: loadPerSecond,
    seconds: loadS,
  };
  await loader.ask(asked);
  const load = loader.ask<SteadyResult>(asked);
  await pause(500);
  const visible = answers(`${gateway.address}/more/0`);
  const more = await startModule("./routes-node.ts", distributor.address, "more", "1");
  const [beganAt = 0, joinedAt = 0] = more.address.split(" ").map(Number);
  const visibleAt = await visible;
  const result = await load;
  const programs = [more, loader, gateway, service, many, distributor];
  await Promise.all(programs.map((program) => program.stop()));
  return { afterBeganMs: visibleAt - beganAt, afterJoinedMs: visibleAt - joinedAt, load: result };
}

/** When a URL first answered 200, in ms since 1970. */
async function answers(url: string): Promise<number> {
  const wallMs = () => performance.timeOrigin + performance.now();
  const until = wallMs() + visibleMsMax;
  while (wallMs() < until) {
    const response = await fetch(url);
    await response.arrayBuffer();
    if (response.status === 200) return wallMs();
    await pause(1);
  }
  throw new Error(`${url} did not answer within ${visibleMsMax} ms`);
}
