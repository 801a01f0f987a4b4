import { networkInterfaces } from "node:os";

const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * The address that others dial for a node that listens on `host`. A wildcard is listened on, never dialled: then it is the first
 * address that other machines could reach, by the order of the system's interfaces; empty where there is none, and the
 * Distributor notes where the node comes from. A machine with several networks names its address as `host` instead.
 */
export function advertisedHost(host: string): string {
  if (!wildcards.has(host)) return host;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const reachable = addresses.filter(({ internal, family }) => !internal && family === "IPv4");
  return reachable[0]?.address ?? "";
}
