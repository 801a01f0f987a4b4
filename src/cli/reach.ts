/** How a command reaches a mesh: by flags, by the configuration, or by the fleet that runs on the data folder. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type HostPort, parseHostPort } from "../config/index.ts";
import { asError, wallTime } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { readFleetFile, runningFleet, tokenOf } from "../supervisor/index.ts";
import { Client, type PeerIdentity, type Transport } from "../wire/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { loadProject, type Project, type ProjectFlags } from "./project.ts";
import { dataFolderOf } from "./running-fleet.ts";
import { commandLineName, transportFor } from "./transport.ts";

/** A mesh to talk to. */
export interface Reach {
  readonly mesh: string;
  readonly distributors: readonly HostPort[];
  token(): string;
  /** TLS with this command line's certificate, where the mesh uses any. */
  transport(): Promise<Transport | undefined>;
}

const standardDistributor: HostPort = { host: "127.0.0.1", port: 9_100 };

/** Finds the mesh: `--join` and the configuration's Distributors first, then the running fleet, then port 9100 here. */
export async function findReach(flags: ProjectFlags): Promise<Reach> {
  const dataFolder = dataFolderOf(flags);
  if (flags.join === undefined && readFleetFile(dataFolder)) {
    const fleet = await runningFleet(dataFolder);
    if (fleet) {
      return {
        mesh: fleet.mesh,
        distributors: fleet.distributors.flatMap((text) => parseHostPort(text) ?? []),
        token: () => fleetToken(fleet.tokenFile) ?? tokenOf(dataFolder),
        transport: () => transportFor(fleet.certs, commandLineName),
      };
    }
  }
  return reachOf(await loadProject(flags, { isOptional: true }));
}

/** The mesh of a loaded project. */
export function reachOf(project: Project): Reach {
  const { config } = project;
  const { name, distributors } = config;
  const local = { ...standardDistributor, port: config.distributor.port };
  return {
    mesh: name,
    distributors: distributors.length > 0 ? distributors : [local],
    token: () => project.token().token,
    transport: () => transportFor(project.certs, commandLineName),
  };
}

/** What a command calls itself. */
export function newIdentity({ mesh }: Pick<Reach, "mesh">): PeerIdentity {
  return { mesh, nodeId: randomUUID(), name: commandLineName, incarnation: wallTime() };
}

/** Fails with the exit code "nobody there" and every reason, unless one of the mesh's Distributors lets this command in. */
export async function introduce({ mesh, distributors, token, ...reach }: Reach): Promise<void> {
  const identity = newIdentity({ mesh });
  const transport = await reach.transport();
  const reasons: string[] = [];
  for (const address of distributors) {
    const client = new Client({ address, identity, token: token(), transport });
    try {
      await client.connect();
      return;
    } catch (thrown) {
      reasons.push(asError(thrown).message);
    } finally {
      client.destroy();
    }
  }
  throw new CommandError(
    `no Distributor lets this command in: ${reasons.join("; ")}. Is the fleet running? --join names other Distributors`,
    exitCodes.nobodyThere,
  );
}

/** Joins the mesh as the command line, for as long as `use` takes. */
export async function withNode<Value>(
  flags: ProjectFlags,
  use: (node: MeshNode, reach: Reach) => Promise<Value>,
): Promise<Value> {
  const reach = await findReach(flags);
  await introduce(reach);
  // Most commands need no mesh, and do not wait for it to be loaded.
  const { createNode } = await import("../mesh/index.ts");
  const node = await createNode({
    name: commandLineName,
    mesh: reach.mesh,
    distributors: reach.distributors,
    token: reach.token(),
    transport: await reach.transport(),
  });
  try {
    return await use(node, reach);
  } finally {
    await node.close();
  }
}

/** A fleet that was given its token in `DURE_TOKEN` has no file for it; then the command needs the variable too. */
function fleetToken(tokenFile: string | undefined): string | undefined {
  return tokenFile ? readFileSync(tokenFile, "utf8").trim() : process.env.DURE_TOKEN;
}
