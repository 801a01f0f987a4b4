import { TrustedProxies } from "../../gateway/index.ts";
import type { Recognizer } from "../../supervisor/index.ts";
import { cookieOf, readHead } from "./request-head.ts";

/** How a client stays with one clone. */
export interface Stickiness {
  readonly by: "address" | "cookie";
  /** Addresses and networks of those who say for whom they ask. */
  readonly trustedProxies: readonly string[];
}

/** The cookie that keeps the clients of a cluster: cookies know no ports, so each cluster of a host has its own. */
export function cookieNameOf(cluster: string): string {
  return `dure-${cluster.replace(/[^\w-]/g, "-")}`;
}

/** Recognizes clients. Throws INVALID_ARGUMENT for a proxy that is neither an address nor a network. */
export function recognizerFor({ by, trustedProxies }: Stickiness, cluster: string): Recognizer {
  const proxies = new TrustedProxies(trustedProxies, "--trusted-proxies");
  const cookieName = cookieNameOf(cluster);
  const ofCookie: Recognizer["recognize"] = (socket, head) => ({
    place: cookieOf(readHead(head)("cookie"), cookieName),
    isMixed: proxies.isProxy(socket),
  });
  const ofAddress: Recognizer["recognize"] = (socket, head) => {
    const client = proxies.readerFor(socket)(readHead(head));
    // What the proxy says cannot be read: then it is known by itself.
    const key = "address" in client ? client.address : socket.remoteAddress;
    return { key, isMixed: proxies.isProxy(socket) };
  };
  return {
    readsHead: by === "cookie" || trustedProxies.length > 0,
    recognize: by === "cookie" ? ofCookie : ofAddress,
  };
}
