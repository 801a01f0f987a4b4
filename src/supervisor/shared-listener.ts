/**
 * A port that outlives the processes behind it: the supervisor holds its socket, and every process that is ready accepts from it.
 * All have one queue in the kernel, so a process can come, go or crash and what it did not accept is another's; while nobody is there
 * it waits in that queue. A listener each on one port (SO_REUSEPORT) is no choice: what waits in the queue of one that closes is reset.
 *
 * Owns: the socket. It is made as Node's cluster module makes the ones that its workers share (`lib/internal/cluster/shared_handle.js`):
 * a `net.Server` could be shared too, and would accept here as well.
 */
import net, { createServer } from "node:net";
import { DureError } from "../kit/index.ts";
import { listenOn } from "./listen-on.ts";

/** A socket that is bound and can be sent to another process. */
export interface ListeningHandle {
  close(): void;
}

/** What `node:net` exports for `node:cluster` and does not declare. Gives a number for an error. */
type CreateServerHandle = (
  address: string,
  port: number,
  addressType: 4 | 6,
  fd: undefined,
  flags: 0,
) => ListeningHandle | number;
const { _createServerHandle: createServerHandle } = net as unknown as {
  readonly _createServerHandle: CreateServerHandle;
};

export class SharedListener {
  readonly #address: { readonly host: string; readonly port: number };
  #handle: ListeningHandle | undefined;

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address;
  }

  /** What processes accept from; undefined while the port is not taken. */
  get handle(): ListeningHandle | undefined {
    return this.#handle;
  }

  /** Takes the port, and gives it. Rejects with ALREADY_EXISTS for a taken one. Connections are refused until the first process is ready. */
  async listen(): Promise<number> {
    const { host } = this.#address;
    // A bound socket does not tell that another one listens at its port; a listening one does.
    const probe = createServer();
    const { address, port, family } = await listenOn(probe, host, this.#address.port);
    await new Promise((resolve) => probe.close(resolve));
    const handle = createServerHandle(address, port, family === "IPv6" ? 6 : 4, undefined, 0);
    if (typeof handle === "number")
      throw new DureError("UNAVAILABLE", `cannot listen on ${host}:${port}: error ${handle}`);
    this.#handle = handle;
    return port;
  }

  /** Those who listen close their end when they stop. */
  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }
}
