/** The servers that store events: processes of their own, on free ports, with their data in one folder. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { freePort } from "../harness/free-port.ts";
import { type Program, startProgram, startWorker } from "../harness/processes.ts";

/** A started server. */
export interface EventServer {
  readonly program: Program;
  /** For {@link EventPeer}. */
  readonly address: string;
}

/** One contestant. */
export interface EventContestant {
  readonly name: string;
  /** What an acknowledged event survives. */
  readonly durability: string;
  /** The client's side, beside this file. */
  readonly file: string;
  /** Of the server; undefined for Dure. */
  version?(): string;
  start(folder: string): Promise<EventServer>;
}

/** Dure's log, in its process with a Distributor, which does nothing while events come and go. */
export async function startDureLog(folder: string): Promise<EventServer> {
  const worker = await startWorker(new URL("./dure-log.ts", import.meta.url), [folder]);
  return { program: worker, address: worker.address };
}

function redis(sync: "always" | "everysec", durability: string): EventContestant {
  return {
    name: `Redis Streams, ${sync}`,
    durability,
    file: "redis.ts",
    version: () => versionOf("redis-server", /v=([\d.]+)/),
    async start(folder) {
      const port = await freePort();
      const options = {
        port: String(port),
        bind: "127.0.0.1",
        dir: folder,
        appendonly: "yes",
        appendfsync: sync,
        save: "",
        logfile: join(folder, "redis.log"),
      };
      const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      return { program: await startProgram("redis-server", args, port), address: String(port) };
    },
  };
}

/** In the order of the tables. */
export const eventContestants: readonly EventContestant[] = [
  {
    name: "NATS JetStream",
    durability: "written, fsync every 2 min",
    file: "nats.ts",
    version: () => versionOf("nats-server", /v([\d.]+)/),
    async start(folder) {
      const port = await freePort();
      const place = ["-a", "127.0.0.1", "-p", String(port), "-l", join(folder, "nats.log")];
      const args = [...place, "-js", "-sd", folder];
      return { program: await startProgram("nats-server", args, port), address: String(port) };
    },
  },
  redis("everysec", "written, fsync every second"),
  redis("always", "fsync before the ack"),
  {
    name: "Dure",
    durability: "fsync before the ack",
    file: "dure.ts",
    start: startDureLog,
  },
];

function versionOf(program: string, pattern: RegExp): string {
  const text = execFileSync(program, ["--version"], { encoding: "utf8" });
  return pattern.exec(text)?.[1] ?? "";
}
