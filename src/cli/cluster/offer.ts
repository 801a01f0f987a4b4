import { hostname } from "node:os";
import { formatHostPort } from "../../config/index.ts";
import type { OfferOptions } from "../../sidecar/index.ts";
import type { FleetFile } from "../../supervisor/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { listOf } from "../flag-values.ts";
import { loadProject, type ProjectFlags } from "../project.ts";
import { reachOf } from "../reach.ts";
import { transportFor } from "../transport.ts";

/** What a cluster offers to the mesh, by its flags. */
export interface OfferFlags extends ProjectFlags {
  readonly urls?: string;
  readonly public?: string;
  readonly slot?: string;
  readonly meshPort?: number;
}

/** A cluster's place in the mesh. */
export interface Offer {
  readonly options: OfferOptions;
  /** How other commands that work on its data folder reach the mesh. */
  readonly reach: Pick<FleetFile, "mesh" | "distributors" | "tokenFile" | "certs">;
}

/** Meaningless without `--urls`, by commander's key. */
const onlyWithUrls = {
  public: "--public",
  join: "--join",
  slot: "--slot",
  meshPort: "--mesh-port",
};

/** What is offered; undefined where nothing is. Throws a usage error for flags that say more of nothing. */
export async function offerOf(name: string, flags: OfferFlags): Promise<Offer | undefined> {
  if (flags.urls === undefined) {
    const stray = Object.entries(onlyWithUrls).find(([key]) => flags[key] !== undefined);
    if (!stray) return undefined;
    const message = `${stray[1]} is for a cluster in the mesh: say with --urls what it offers`;
    throw new CommandError(message, exitCodes.usage);
  }
  const project = await loadProject(flags, { isOptional: true });
  const { mesh, distributors, token } = reachOf(project);
  const { host, logLevel, principals, calls, contracts, zone, traces } = project.config;
  const slot = flags.slot ?? `${name}-${hostname()}`;
  const logger = createLogger({ name: slot }, logLevel);
  const options: OfferOptions = {
    name,
    slot,
    mesh,
    host,
    port: flags.meshPort ?? 0,
    distributors,
    token: token(),
    transport: await transportFor(project.certs, name, logger),
    dataDir: project.dataFolder,
    principals,
    calls,
    contracts,
    zone,
    traces,
    logger,
    urls: listOf(flags.urls),
    publicUrls: listOf(flags.public ?? ""),
  };
  const reach = {
    mesh,
    distributors: distributors.map(formatHostPort),
    tokenFile: project.token().file,
    certs: project.certs,
  };
  return { options, reach };
}
