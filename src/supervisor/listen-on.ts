import type { AddressInfo, Server } from "node:net";
import { DureError } from "../kit/index.ts";

/** Lets a server listen, and gives where. Rejects with ALREADY_EXISTS for a taken port, UNAVAILABLE for an address that is not here. */
export function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = error.code === "EADDRINUSE" ? "ALREADY_EXISTS" : "UNAVAILABLE";
      const message = `cannot listen on ${host}:${port}: ${error.message}`;
      reject(new DureError(code, message, { cause: error }));
    });
    server.listen({ host, port }, () => resolve(server.address() as AddressInfo));
  });
}
