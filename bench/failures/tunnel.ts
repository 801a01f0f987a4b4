/**
 * A TCP proxy whose connections can go silent: nothing passes any more in either direction, and nobody is told. So it looks when a
 * firewall forgets a connection or a cable is cut. Connections that are made afterwards work, as they do there.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A proxy that runs. */
export interface Tunnel {
  readonly port: number;
  /** From now on the connections that are open stay open and silent. */
  silence(): void;
  close(): void;
}

/** Starts a proxy to a port of this machine. */
export async function openTunnel(targetPort: number): Promise<Tunnel> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const silent = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: "127.0.0.1", port: targetPort, noDelay: true });
    pairs.add([near, far]);
    near.pipe(far);
    far.pipe(near);
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.on("error", () => one.destroy());
      one.on("close", () => silent.has(one) || other.destroy());
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    silence() {
      for (const [near, far] of pairs) {
        silent.add(near).add(far);
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
      pairs.clear();
    },
    close() {
      server.close();
      for (const socket of [...silent, ...[...pairs].flat()]) socket.destroy();
    },
  };
}
