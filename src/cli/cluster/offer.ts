import { formatHostPort } from "../../config/index.ts";
import type { OfferOptions } from "../../sidecar/index.ts";
import type { FleetFile } from "../../supervisor/index.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { type OfferFlags, offerOptions } from "../offer-options.ts";
import { loadProject, type ProjectFlags } from "../project.ts";
import { reachOf } from "../reach.ts";

/** What a cluster offers to the mesh, by its flags; without `urls` nothing. */
export type ClusterOfferFlags = ProjectFlags & Partial<OfferFlags>;

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
export async function offerOf(name: string, flags: ClusterOfferFlags): Promise<Offer | undefined> {
  const { urls } = flags;
  if (urls === undefined) {
    const stray = Object.entries(onlyWithUrls).find(([key]) => flags[key] !== undefined);
    if (!stray) return undefined;
    const message = `${stray[1]} is for a cluster in the mesh: say with --urls what it offers`;
    throw new CommandError(message, exitCodes.usage);
  }
  const project = await loadProject(flags, { isOptional: true });
  const options = await offerOptions(project, name, { ...flags, urls });
  const { mesh, distributors } = reachOf(project);
  const reach = {
    mesh,
    distributors: distributors.map(formatHostPort),
    tokenFile: project.token().file,
    certs: project.certs,
  };
  return { options, reach };
}
