/** The files of a fleet's state folder (`DURE_DATA`): the shared token, and who runs the fleet. */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DureError } from "../kit/index.ts";

/** What `fleet.json` says of the running fleet. */
export interface FleetFile {
  /** The supervisor's process. */
  readonly pid: number;
  /** Where it answers on loopback. */
  readonly port: number;
  readonly mode: "up" | "dev";
  /** The project's name. */
  readonly mesh: string;
  /** Distributors of the fleet, as `host:port`. */
  readonly distributors: readonly string[];
  /** Base URL of the gateway. */
  readonly gateway: string;
  /** Base URL of the console; absent where none runs. */
  readonly console?: string | undefined;
  /** Where the mesh's token is kept; absent if it came in `DURE_TOKEN`. */
  readonly tokenFile?: string | undefined;
  /** The folder of the mesh's certificates, where it uses any. */
  readonly certs?: string | undefined;
}

/** The shared token of this folder, made on first use. Only its owner may read the file. */
export function tokenOf(dataFolder: string): string {
  const path = join(dataFolder, "token");
  const kept = readIfThere(path)?.trim();
  if (kept) return kept;
  createWhole(path, `${randomBytes(32).toString("base64url")}\n`);
  return readFileSync(path, "utf8").trim();
}

/** What the folder says of a running fleet, or undefined. It may be out of date: see `fleetStatus`. */
export function readFleetFile(dataFolder: string): FleetFile | undefined {
  const text = readIfThere(fleetPath(dataFolder));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new DureError(
      "DATA_LOSS",
      `${fleetPath(dataFolder)} is not readable as JSON; if no fleet runs there, delete it`,
    );
  }
}

/** Takes the folder for this fleet; false if another has it. */
export function claimFleetFile(dataFolder: string, fleet: FleetFile): boolean {
  return createWhole(fleetPath(dataFolder), `${JSON.stringify(fleet)}\n`);
}

/** Gives the folder up, if it is still this process's or the one given. */
export function releaseFleetFile(dataFolder: string, pid: number): void {
  if (readFleetFile(dataFolder)?.pid === pid) rmSync(fleetPath(dataFolder), { force: true });
}

function fleetPath(dataFolder: string): string {
  return join(dataFolder, "fleet.json");
}

/** Creates a file with its content in one step, readable only by its owner; false if it is there already. */
function createWhole(path: string, content: string): boolean {
  mkdirSync(join(path, ".."), { recursive: true });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, content, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw thrown;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}
