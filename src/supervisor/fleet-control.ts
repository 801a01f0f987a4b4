/**
 * How the command line talks to a running fleet: a wire server of the supervisor, on loopback, behind the data folder's own
 * token, which only its owner can read. The mesh may have another.
 */
import { randomUUID } from "node:crypto";
import { asError, DureError, wallTime } from "../kit/index.ts";
import { Client, type OperationRef, type PeerIdentity, Server } from "../wire/index.ts";
import {
  claimFleetFile,
  type FleetFile,
  readFleetFile,
  releaseFleetFile,
  tokenOf,
} from "./data-folder.ts";
import type { ProcessStatus } from "./supervisor.ts";

const loopback = "127.0.0.1";
/** A supervisor answers within milliseconds; one that takes longer is frozen, or is not a supervisor. In ms. */
const answerMsMax = 2_000;

const ps: OperationRef = { service: "fleet", operation: "ps", contractHash: "" };

/** What a running fleet shows of itself. */
export interface FleetControlOptions {
  readonly dataFolder: string;
  /** What `fleet.json` tells. */
  readonly fleet: Omit<FleetFile, "pid" | "port">;
  list(): ProcessStatus[];
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
    onRequest(request) {
      if (request.ref.service === ps.service && request.ref.operation === ps.operation) {
        return request.respond(JSON.stringify(options.list()));
      }
      const message = `the supervisor has no operation ${request.ref.service}.${request.ref.operation}`;
      request.fail({ code: "UNIMPLEMENTED", message, isStarted: false });
    },
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
export async function runningFleet(
  dataFolder: string,
): Promise<(FleetFile & { readonly processes: ProcessStatus[] }) | undefined> {
  const fleet = readFleetFile(dataFolder);
  if (!fleet || !isAlive(fleet.pid)) return undefined;
  const client = new Client({
    address: { host: loopback, port: fleet.port },
    identity: identityOf(fleet.mesh),
    token: tokenOf(dataFolder),
    connectTimeoutMs: answerMsMax,
  });
  try {
    await client.connect();
    const outcome = await client.call(ps, { deadlineMs: answerMsMax }, "").outcome;
    if (!outcome.ok) throw new DureError(outcome.failure.code, outcome.failure.message);
    const processes = JSON.parse(Buffer.from(outcome.response.body).toString());
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
  } finally {
    client.destroy();
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it is alive and somebody else's.
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
