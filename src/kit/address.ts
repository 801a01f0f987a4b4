/** Where a peer listens. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port` or `[ipv6]:port`; undefined if it is neither, or the port is not 1 to 65535. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** Writes what {@link parseHostPort} reads. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
