/**
 * The address under which others dial what listens on `host` here: `host` itself, and for a wildcard, which is listened on and never
 * dialled, the first of these that other machines can reach:
 *
 *   1. `local`    this side of a connection to another machine: the way there is the way back
 *   2. the first address of the system's interfaces, in their order: a machine with several networks names its address as `host` instead
 *   3. ""         the Distributor notes where the node comes from
 */
import { networkInterfaces } from "node:os";

const wildcards: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);

/** See the head of this file. */
export function advertisedHost(host: string, local = ""): string {
  if (!wildcards.has(host)) return host;
  const address = local.replace(/^::ffff:/, "");
  if (!wildcards.has(address) && !isLoopback(address)) return address;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const reachable = addresses.filter(({ internal, family }) => !internal && family === "IPv4");
  return reachable[0]?.address ?? "";
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address === "localhost";
}
