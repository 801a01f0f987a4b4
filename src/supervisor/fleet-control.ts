/**
 * How the command line talks to a running fleet: a wire server of the supervisor, on loopback, behind the data folder's own
 * token, which only its owner can read. The mesh may have another.
 */
import { randomUUID } from "node:crypto";
import { asError, DureError, wallTime } from "../kit/index.ts";
import { Client, type IncomingRequest, type PeerIdentity, Server } from "../wire/index.ts";
import {
  claimFleetFile,
  type FleetFile,
  readFleetFile,
  releaseFleetFile,
  tokenOf,
} from "./data-folder.ts";
import type { ProcessStatus, ReloadReport, ScaleReport } from "./supervisor.ts";

const loopback = "127.0.0.1";
const service = "fleet";
/** A supervisor answers within milliseconds; one that takes longer is frozen, or is not a supervisor. In ms. */
const answerMsMax = 2_000;

/** What can be asked of a running fleet; input and answer are JSON. */
export interface FleetOperations {
  ps(): ProcessStatus[];
  /** Of all processes, as Prometheus reads it. */
  metrics(): Promise<string>;
  reload(request: ReloadRequest): Promise<ReloadReport>;
  /** `counts`: how many of each kind, as `{ products: 4 }`. */
  scale(request: { readonly counts: Readonly<Record<string, number>> }): Promise<ScaleReport>;
}

/** Which processes are to be reloaded. */
export interface ReloadRequest {
  /** Names of processes (`products-1`) or of all of a kind (`products`). Empty: all that run the project's own code. */
  readonly names: readonly string[];
  /** How many at a time. */
  readonly batch: number;
}

/** A fleet that runs. */
export type RunningFleet = FleetFile & { readonly processes: ProcessStatus[] };

/** What a running fleet shows of itself. */
export interface FleetControlOptions {
  readonly dataFolder: string;
  /** What `fleet.json` tells. */
  readonly fleet: Omit<FleetFile, "pid" | "port">;
  readonly operations: FleetOperations;
}

/** Takes the folder and answers questions about the fleet. Throws ALREADY_EXISTS if a fleet runs on this folder. */
export async function openFleetControl(
  options: FleetControlOptions,
): Promise<{ close(): Promise<void> }> {
  const { dataFolder, fleet } = options;
  await refuseSecondFleet(dataFolder);
  const server = new Server({
    host: loopback,
    port: 0,
    identity: identityOf(fleet.mesh),
    token: tokenOf(dataFolder),
    onRequest: (request) => void answer(request, options.operations),
  });
  const { port } = await server.listen();
  if (!claimFleetFile(dataFolder, { ...fleet, pid: process.pid, port })) {
    await server.close();
    await refuseSecondFleet(dataFolder);
    throw new DureError("ABORTED", `another fleet was started on ${dataFolder} just now`);
  }
  return {
    async close() {
      releaseFleetFile(dataFolder, process.pid);
      await server.close();
    },
  };
}

/** The fleet that runs on a folder, or undefined. A file left by a supervisor that was killed counts as none. */
export async function runningFleet(dataFolder: string): Promise<RunningFleet | undefined> {
  const fleet = readFleetFile(dataFolder);
  if (!fleet || !isAlive(fleet.pid)) return undefined;
  try {
    const processes = await askFleet(dataFolder, fleet, { operation: "ps", input: undefined });
    return { ...fleet, processes };
  } catch (thrown) {
    const { message, cause } = asError(thrown);
    // The process number was given to another program meanwhile: nobody listens on the port.
    if (/ECONNREFUSED/.test(`${message} ${asError(cause).message}`)) return undefined;
    throw new DureError(
      "UNAVAILABLE",
      `the fleet of ${dataFolder} (process ${fleet.pid}) does not answer: ${message}. If it hangs, end it with: kill -9 ${fleet.pid}`,
      { cause: thrown },
    );
  }
}

/** A question to a running fleet. */
export interface FleetQuestion<Name extends keyof FleetOperations> {
  readonly operation: Name;
  readonly input: Parameters<FleetOperations[Name]>[0];
  /** Default 2,000: it answers within milliseconds what it knows. */
  readonly deadlineMs?: number;
}

/** Asks a running fleet. Rejects with what it answers, and with UNAVAILABLE if it cannot be reached. */
export async function askFleet<Name extends keyof FleetOperations>(
  dataFolder: string,
  fleet: FleetFile,
  { operation, input, deadlineMs = answerMsMax }: FleetQuestion<Name>,
): Promise<Awaited<ReturnType<FleetOperations[Name]>>> {
  const client = new Client({
    address: { host: loopback, port: fleet.port },
    identity: identityOf(fleet.mesh),
    token: tokenOf(dataFolder),
    connectTimeoutMs: answerMsMax,
  });
  try {
    await client.connect();
    const ref = { service, operation, contractHash: "" };
    const { outcome } = client.call(ref, { deadlineMs }, JSON.stringify(input ?? null));
    const settled = await outcome;
    if (!settled.ok) throw new DureError(settled.failure.code, settled.failure.message);
    return JSON.parse(Buffer.from(settled.response.body).toString());
  } finally {
    client.destroy();
  }
}

async function answer(request: IncomingRequest, operations: FleetOperations): Promise<void> {
  const { ref, body } = request;
  const isKnown = ref.service === service && Object.hasOwn(operations, ref.operation);
  if (!isKnown) {
    const message = `the supervisor has no operation ${ref.service}.${ref.operation}; is it of another version?`;
    return request.fail({ code: "UNIMPLEMENTED", message, isStarted: false });
  }
  try {
    const run = operations[ref.operation as keyof FleetOperations] as (input: any) => unknown;
    request.respond(JSON.stringify(await run(JSON.parse(Buffer.from(body).toString()))));
  } catch (thrown) {
    const { message } = asError(thrown);
    const code = thrown instanceof DureError ? thrown.code : "INTERNAL";
    request.fail({ code, message, isStarted: true });
  }
}

/** Throws ALREADY_EXISTS, with who it is, if a fleet runs on this folder; takes away what a killed one left. */
export async function refuseSecondFleet(dataFolder: string): Promise<void> {
  const fleet = await runningFleet(dataFolder);
  if (fleet) {
    throw new DureError(
      "ALREADY_EXISTS",
      `a fleet runs on ${dataFolder} already: "dure ${fleet.mode}" of ${fleet.mesh}, process ${fleet.pid}, ${fleet.gateway}. Stop it, or set DURE_DATA to another folder`,
    );
  }
  const stale = readFleetFile(dataFolder);
  if (stale) releaseFleetFile(dataFolder, stale.pid);
}

function identityOf(mesh: string): PeerIdentity {
  return { mesh, nodeId: randomUUID(), name: "supervisor", incarnation: wallTime() };
}

/** Whether a fleet still has a folder; asks nobody. */
export function isFleetThere(dataFolder: string, pid: number): boolean {
  return readFleetFile(dataFolder)?.pid === pid && isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it is alive and somebody else's.
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
