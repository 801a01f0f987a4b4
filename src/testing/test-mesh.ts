import type { AnyContract, ClientOf, ResourceOverride, Service } from "../contract/index.ts";
import { eventLogService, memoryStorage, meshEvents } from "../events/index.ts";
import { Closers } from "../kit/index.ts";
import { type CallDefaults, createNode, type MeshNode } from "../mesh/index.ts";
import { createDistributor } from "../registry/index.ts";
import { createMemoryNetwork } from "../wire/index.ts";

/** What {@link testMesh} takes. */
export interface TestMeshOptions {
  /** The services under test, each on a node of its own. */
  readonly services?: readonly Service[];
  /** Stand-ins for services that they call; see `fake`. */
  readonly fakes?: readonly Service[];
  /** What takes the place of resources: `database.with(() => memory)`. */
  readonly provide?: readonly ResourceOverride[];
  /** Values of the services' declared environment, by service and name. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly calls?: CallDefaults;
}

/** A mesh in memory. */
export interface TestMesh {
  /** Calls a service as any other process would. */
  client<C extends AnyContract>(contract: C): ClientOf<C>;
  close(): Promise<void>;
}

const mesh = "test";
const distributorPort = 9100;

/**
 * Starts a Distributor, an event log, a node for each service and a caller, all in this process over a network in memory: the real
 * wire, views, calls and events, without a port or a file. Rejects with what a service's setup threw.
 */
export async function testMesh(options: TestMeshOptions): Promise<TestMesh> {
  const transport = createMemoryNetwork();
  const closers = new Closers();
  const distributor = await createDistributor({ mesh, port: distributorPort, transport });
  closers.add(() => distributor.close());
  const { provide, env, calls } = options;
  const join = async (name: string, services: readonly Service[]): Promise<MeshNode> => {
    const distributors = [{ host: "127.0.0.1", port: distributorPort }];
    const node = await createNode({
      name,
      mesh,
      services,
      transport,
      distributors,
      provide,
      env,
      calls,
      events: meshEvents(),
    });
    closers.add(() => node.close());
    return node;
  };
  try {
    await join("eventlog", [eventLogService({ storage: async () => memoryStorage() })]);
    for (const service of [...(options.fakes ?? []), ...(options.services ?? [])]) {
      await join(service["~service"].name, [service]);
    }
    const caller = await join("caller", []);
    return { client: (contract) => caller.client(contract), close: () => closers.close() };
  } catch (thrown) {
    await closers.close();
    throw thrown;
  }
}
