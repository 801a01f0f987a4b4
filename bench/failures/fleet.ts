/** A caller, its callees and what they find each other by: real processes, one fleet for every cell of the matrix. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startWorker, type Worker } from "../harness/processes.ts";
import type { FailureColumn } from "./peer.ts";
import type { ProcessOptions } from "./process.ts";
import { openTunnel, type Tunnel } from "./tunnel.ts";

/** What a fleet is made of. */
export interface FleetOptions {
  readonly calleeCount: number;
  /** Whether the caller reaches the first callee through a tunnel. */
  readonly hasTunnel: boolean;
  /** An empty folder. */
  readonly folder: string;
}

/** A fleet that is warm. */
export interface Fleet {
  readonly caller: Worker;
  /** The first one is what failures happen to. */
  readonly callees: readonly Worker[];
  readonly registry: Worker | undefined;
  readonly tunnel: Tunnel | undefined;
  /** Writes that were begun more than once. */
  writtenTwice(): number;
  stop(): Promise<void>;
}

/** Starts a fleet of one platform and resolves when every callee has answered. */
export async function startFleet(
  { file, withoutRegistry }: FailureColumn,
  { calleeCount, hasTunnel, folder }: FleetOptions,
): Promise<Fleet> {
  const start = <Role extends keyof ProcessOptions>(role: Role, options: ProcessOptions[Role]) =>
    startWorker(new URL("./process.ts", import.meta.url), [file, role, JSON.stringify(options)]);
  const registry = withoutRegistry === undefined ? await start("registry", {}) : undefined;
  const meeting = registry?.address ?? randomUUID();
  const names = Array.from({ length: calleeCount }, (_, index) => `callee-${index + 1}`);
  const writesFiles = names.map((name) => join(folder, `${name}.writes`));
  const callees = await Promise.all(
    names.map((name, index) =>
      start("callee", { name, meeting, writesFile: writesFiles[index] ?? "" }),
    ),
  );
  const ports = callees.map(({ address }) => Number(address));
  const [from = 0] = ports;
  const tunnel = hasTunnel ? await openTunnel(from) : undefined;
  const caller = await start("caller", {
    meeting,
    callees: names.map((name, index) => ({ name, port: ports[index] ?? 0 })),
    diverted: tunnel && { from, to: tunnel.port },
  });
  return {
    caller,
    callees,
    registry,
    tunnel,
    writtenTwice: () => countRepeated(writesFiles.filter((path) => existsSync(path))),
    async stop() {
      tunnel?.close();
      // What is measured is over: nothing here has to end in order.
      await Promise.all(
        [caller, ...callees, ...(registry ? [registry] : [])].map((worker) => {
          worker.signal("SIGKILL");
          return worker.stop();
        }),
      );
    },
  };
}

function countRepeated(files: readonly string[]): number {
  const begun = new Map<string, number>();
  for (const line of files.flatMap((path) => readFileSync(path, "utf8").split("\n")))
    if (line.startsWith("call-")) begun.set(line, (begun.get(line) ?? 0) + 1);
  return [...begun.values()].filter((times) => times > 1).length;
}
