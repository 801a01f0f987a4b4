import type { AnyContract, ClientOf } from "../contract/index.ts";
import { DureError, parseHostPort } from "../kit/index.ts";
import { createNode } from "./node.ts";
import type { NodeOptions } from "./options.ts";

/** What {@link connect} takes: who this is, and where a Distributor is. */
export interface ConnectOptions
  extends Pick<NodeOptions, "name" | "mesh" | "token" | "transport" | "calls" | "zone" | "logger"> {
  /** Addresses of Distributors, `10.0.0.1:9100`; one that answers is enough. */
  readonly join: readonly string[];
}

/** A mesh as a script sees it: it calls and is not called. */
export interface MeshConnection {
  /** Calls a service; one that nobody offers yet is waited for. */
  client<C extends AnyContract>(contract: C): ClientOf<C>;
  /** `fetch` with services as hosts: `http://products/products/7`. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Joins a mesh to call its services: for scripts, tests and programs that offer nothing themselves. Rejects with INVALID_ARGUMENT for
 * an address that is none. Whether a Distributor answers shows at the first call.
 */
export async function connect({ join, ...options }: ConnectOptions): Promise<MeshConnection> {
  const distributors = join.map((text) => {
    const address = parseHostPort(text);
    if (address) return address;
    throw new DureError(
      "INVALID_ARGUMENT",
      `join: "${text}" is not an address; write host:port, as in 10.0.0.1:9100`,
    );
  });
  const node = await createNode({ ...options, distributors });
  return {
    client: (contract) => node.client(contract),
    fetch: (input, init) => node.fetch(input, init),
    close: () => node.close(),
  };
}
