/** What is measured, each started for real: a fleet under `dure up`, and a plain server under each of three cluster managers. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { runningFleet } from "../../src/supervisor/index.ts";
import { freePort } from "../harness/free-port.ts";
import { type Program, startProgram } from "../harness/processes.ts";

const benchFolder = join(import.meta.dirname, "..");
const durePath = join(benchFolder, "../src/cli/main.ts");
/** What Node is given to run `dure`. */
export const dureCommand = ["--conditions=dure-source", "--no-warnings", durePath];
/** Two services, twice each, behind two gateways. */
export const appConfig = join(import.meta.dirname, "app/dure.config.ts");
const plainFolder = join(import.meta.dirname, "plain");
const readyMsMax = 60_000;

/** Something that serves requests and can be given new code meanwhile. */
export interface RunningSystem {
  readonly host: string;
  readonly port: number;
  /** What its services began, a line each: an operation, and the request's id. */
  executed(): string[];
  /** Resolves when all of its processes are new. */
  reload(): Promise<unknown>;
  stop(): Promise<void>;
}

/** A fleet under `dure up`. */
export interface DureFleet extends RunningSystem {
  /** Runs `dure ARGS` on it. */
  command(...args: string[]): Promise<unknown>;
  /** What `dure ps` shows. */
  processes(): Promise<readonly FleetProcess[]>;
}

/** A line of `dure ps`. */
export interface FleetProcess {
  readonly name: string;
  readonly pid: number | null;
  readonly state: string;
}

/** Starts a fleet with `dure up`; with the profile `once` nothing is tried again. */
export async function startDureUp(profile?: "once"): Promise<DureFleet> {
  const flags = profile ? ["--profile", profile] : [];
  const system = await startSystem((port) => [
    ...dureCommand,
    "up",
    "--config",
    appConfig,
    "--port",
    port,
    ...flags,
  ]);
  const command = (...args: string[]) => run([...dureCommand, ...args], system.env);
  // A supervisor that does not answer just now is asked again.
  const processes = async () =>
    (await runningFleet(system.folder).catch(() => undefined))?.processes ?? [];
  await untilTrue("the fleet is ready", async () => {
    const all = await processes();
    return all.length > 0 && all.every(({ state }) => state === "ready");
  });
  await untilAnswers(system);
  return { ...system, command, processes, reload: () => command("reload") };
}

/** Starts the plain server with `dure cluster`. */
export async function startDureCluster(instances: number): Promise<RunningSystem> {
  const server = join(plainFolder, "server.mjs");
  const system = await startSystem(() => [
    ...dureCommand,
    "cluster",
    "-i",
    String(instances),
    server,
  ]);
  await untilAnswers(system);
  return { ...system, reload: () => run([...dureCommand, "reload"], system.env) };
}

/** Starts the plain server with PM2, in cluster mode and with its defaults. */
export async function startPm2(instances: number): Promise<RunningSystem> {
  const program = (name: string) => join(benchFolder, "node_modules/pm2/bin", name);
  const server = join(plainFolder, "server.mjs");
  const system = await startSystem(() => [
    program("pm2-runtime"),
    "start",
    server,
    "-i",
    String(instances),
  ]);
  await untilAnswers(system);
  return { ...system, reload: () => run([program("pm2"), "reload", "all"], system.env) };
}

/** Starts the plain server with node:cluster. */
export async function startNodeCluster(instances: number): Promise<RunningSystem> {
  const primary = join(plainFolder, "cluster.mjs");
  const system = await startSystem(() => [primary, String(instances)]);
  await untilAnswers(system);
  const reloads = () => linesOf(join(system.folder, "reloads")).length;
  return {
    ...system,
    async reload() {
      const former = reloads();
      system.program.signal("SIGUSR2");
      await untilTrue("all workers are new", async () => reloads() > former);
    },
  };
}

/** Runs a Node program on a port and a folder of its own. */
async function startSystem(argumentsFor: (port: string) => readonly string[]) {
  const home = mkdtempSync(join(tmpdir(), "dure-uptime-"));
  const folder = join(home, "data");
  mkdirSync(folder);
  const port = await freePort();
  const env = {
    PORT: String(port),
    DURE_DISTRIBUTOR_PORT: "0",
    DURE_CONSOLE: "off",
    DURE_DATA: folder,
    PM2_HOME: join(home, "pm2"),
    NODE_ENV: "production",
  };
  const options = { env, isQuiet: process.env.DURE_BENCH_OUTPUT === undefined };
  const program: Program = await startProgram(
    process.execPath,
    argumentsFor(String(port)),
    port,
    options,
  );
  return {
    host: "127.0.0.1",
    port,
    folder,
    env,
    program,
    executed: () => linesOf(join(folder, "executed")),
    async stop() {
      await program.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<unknown> {
  return promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
}

/** Waits until requests are answered, several in a row: some systems listen before they serve. */
export async function untilAnswers({ host, port }: { host: string; port: number }): Promise<void> {
  let inARow = 0;
  await untilTrue("requests are answered", async () => {
    const answer = await fetch(`http://${host}:${port}/orders/first`).catch(() => undefined);
    await answer?.text();
    inARow = answer?.ok ? inARow + 1 : 0;
    return inARow >= 5;
  });
}

/** Looks every 10 ms. Rejects, naming what was waited for, after a minute. */
export async function untilTrue(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + readyMsMax;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${readyMsMax} ms until ${what}`);
    await pause(10);
  }
}

/** The lines of a file; none if it is not there. */
export function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}
