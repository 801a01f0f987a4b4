/** The HTTP servers of a mesh by the name of their nodes, out of what nodes announce. Pure. */

/** What is asked of a node's record. */
export interface AnnouncedNode {
  readonly name: string;
  readonly slot: string;
  readonly state: string;
  readonly urls: readonly string[];
}

/** One server. */
export interface HttpServer {
  /** The node's slot. */
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  readonly isTls: boolean;
}

/** Servers by the name of their nodes, both in order. */
export type HttpServers = ReadonlyMap<string, readonly HttpServer[]>;

const httpUrl = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** The servers that take requests. What is not plainly an address is left out: a configuration is made from it. */
export function httpServers(nodes: readonly AnnouncedNode[]): HttpServers {
  const servers = new Map<string, HttpServer[]>();
  for (const { name, slot, state, urls } of nodes) {
    if (state !== "ready") continue;
    for (const url of urls) {
      const [, scheme, host, port] = httpUrl.exec(url) ?? [];
      if (scheme === undefined) continue;
      const server = { name: slot, address: `${host}:${port}`, isTls: scheme === "https" };
      servers.set(name, [...(servers.get(name) ?? []), server]);
    }
  }
  const inOrder = [...servers].sort(([left], [right]) => (left < right ? -1 : 1));
  return new Map(inOrder.map(([name, list]) => [name, unique(list)]));
}

/**
 * What is there now, with what was there before under the names that have nobody any more: a proxy does not load an empty list, and a
 * service whose last server is gone is not served better by forgetting where it was.
 */
export function keepingFormer(former: HttpServers, current: HttpServers): HttpServers {
  return new Map([...former, ...current].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** One address once, by address: the same view must give the same text. */
function unique(servers: readonly HttpServer[]): HttpServer[] {
  const byAddress = new Map(servers.map((server) => [server.address, server]));
  return [...byAddress.values()].sort((left, right) => (left.address < right.address ? -1 : 1));
}
