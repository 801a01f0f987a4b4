import type { NodeRecord } from "../registry/index.ts";
import type { NodeOptions } from "./options.ts";

/** The mesh of nodes that name none. */
export const defaultMesh = "dure";

/** What a node says of itself before it hosts anything. */
export function newRecord(
  id: string,
  { name, slot = name, mesh = defaultMesh, host = "127.0.0.1", zone = "", weight = 1 }: NodeOptions,
) {
  const empty = { port: 0, urls: [], services: [], state: "ready" } as const;
  const record = { id, name, slot, mesh, host, zone, weight, ...empty };
  return record satisfies Partial<NodeRecord>;
}
