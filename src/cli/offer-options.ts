import { hostname } from "node:os";
import type { OfferOptions } from "../sidecar/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { listOf } from "./flag-values.ts";
import type { Project } from "./project.ts";
import { reachOf } from "./reach.ts";
import { transportFor } from "./transport.ts";

/** The flags by which a program that knows nothing of Dure is offered to the mesh. */
export interface OfferFlags {
  readonly urls: string;
  readonly public?: string;
  readonly slot?: string;
  readonly meshPort?: number;
}

/** What a program offers to the mesh as `name`, by the project and the flags. */
export async function offerOptions(
  project: Project,
  name: string,
  flags: OfferFlags,
): Promise<OfferOptions> {
  const { mesh, distributors, token } = reachOf(project);
  const { host, logLevel, principals, calls, contracts, zone, traces } = project.config;
  const slot = flags.slot ?? `${name}-${hostname()}`;
  const logger = createLogger({ name: slot }, logLevel);
  return {
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
}
