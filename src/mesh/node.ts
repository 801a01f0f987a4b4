/** One running process in the mesh: hosts services, calls others, knows who is there. Everything else in this folder is a part. */
import {
  type AnyContract,
  type ClientOf,
  type ContractDescription,
  describe,
} from "../contract/index.ts";
import { DureError } from "../kit/index.ts";
import { joinRegistry, newNodeId, type Registry } from "../registry/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { type PeerIdentity, type PendingCall, Server } from "../wire/index.ts";
import { type CallRequest, ClientStack } from "./client-stack.ts";
import { contractHash } from "./contract-hash.ts";
import { ContractStore } from "./contract-store.ts";
import { LocalCall } from "./local-call.ts";
import { callOptionsFor, type NodeOptions } from "./options.ts";
import { ServerStack } from "./server-stack.ts";
import { type HostedService, ServiceHost } from "./service-host.ts";
import { Targets } from "./targets.ts";
import { ClientFactory } from "./typed-client.ts";

/** A node that runs. */
export interface MeshNode {
  readonly id: string;
  readonly name: string;
  /** The port it listens on; 0 if it only calls. */
  readonly port: number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** A client whose calls are roots: own trace, default deadline. */
  client<C extends AnyContract>(contract: C): ClientOf<C>;
  /** A call as bytes, local or remote; for gateways and tools. */
  call(request: CallRequest): PendingCall;
  /** A contract of the fleet by its hash, once it is known. */
  contractOf(hash: string): ContractDescription | undefined;
  /** Calls `listener` when contracts have become known; gives back how to stop it. */
  onContracts(listener: () => void): () => void;
  /** Leaves in order: no new work, then what is at work ends, at most `deadlineMs` (default 10,000). */
  drain(deadlineMs?: number): Promise<void>;
  /** Stops now. After {@link drain} nothing is lost by it. */
  close(): Promise<void>;
}

const internalContract = { service: "dure", operation: "contract", contractHash: "" } as const;

/**
 * Starts a node: sets its services up, listens, and announces it. Rejects with what setup threw, with ALREADY_EXISTS for a taken
 * port, with FAILED_PRECONDITION beyond loopback without a token, with INVALID_ARGUMENT for an incomplete environment.
 */
export async function createNode(options: NodeOptions): Promise<MeshNode> {
  const node = new RunningNode(options);
  try {
    await node.start();
    return node;
  } catch (thrown) {
    await node.close();
    throw thrown;
  }
}

class RunningNode implements MeshNode {
  readonly id: string;
  readonly name: string;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly #options: NodeOptions;
  readonly #server: Server;
  readonly #serverStack: ServerStack;
  readonly #clientStack: ClientStack;
  readonly #contracts: ContractStore;
  readonly #clients: ClientFactory;
  readonly #host: ServiceHost;
  readonly #hashes = new WeakMap<AnyContract, string>();
  readonly #hosted: HostedService[] = [];
  #port = 0;
  #isDraining = false;

  constructor(options: NodeOptions) {
    const { name, slot = name, mesh = "dure", host = "127.0.0.1", port = 0 } = options;
    const { token, transport, dataDir } = options;
    this.#options = options;
    this.id = newNodeId(name);
    this.name = name;
    this.logger = options.logger ?? silentLogger;
    this.registry = joinRegistry({
      self: {
        id: this.id,
        name,
        slot,
        mesh,
        // A wildcard address is listened on, never dialled: then the Distributor notes where the node comes from.
        host: host === "0.0.0.0" || host === "::" ? "" : host,
        port: 0,
        urls: [],
        services: [],
        state: "ready",
      },
      distributors: options.distributors,
      token,
      dataDir,
      transport,
      logger: this.logger,
    });
    const targets = new Targets({
      registry: this.registry,
      token,
      transport,
      logger: this.logger,
      identity: () => this.#identity(),
    });
    this.#contracts = new ContractStore({
      registry: this.registry,
      dataDir,
      logger: this.logger,
      fetch: async (instance, hash) => {
        const client = await targets.of(instance).connect();
        return client.call(
          internalContract,
          { deadlineMs: 2_000, params: JSON.stringify({ hash }) },
          "",
        ).outcome;
      },
    });
    this.#clientStack = new ClientStack({
      registry: this.registry,
      targets,
      calls: options.calls,
      callLocally: (request) => this.#callLocally(request),
      offers: (instance, operation) => {
        const description = this.#contracts.get(instance.service.contractHash);
        return description === undefined || Object.hasOwn(description.operations, operation);
      },
    });
    this.#clients = new ClientFactory({
      call: (request) => this.#clientStack.call(request),
      deadlineMsFor: (service) => callOptionsFor(options.calls, service).deadlineMs,
      hashOf: (contract) => this.#hashOf(contract),
    });
    this.#serverStack = new ServerStack({
      logger: this.logger,
      contexts: {
        logger: this.logger,
        clientFor: (contract, parent) => this.#clients.client(contract, parent),
      },
      internal: new Map([["dure.contract", ({ hash = "" }) => this.#describeContract(hash)]]),
    });
    this.#host = new ServiceHost({
      env: options.env ?? {},
      provide: options.provide ?? [],
      logger: this.logger,
      clientFor: (contract) => this.#clients.client(contract),
    });
    const identity = () => this.#identity();
    this.#server = new Server({
      host,
      port,
      get identity() {
        return identity();
      },
      token,
      transport,
      logger: this.logger,
      onRequest: (request) => this.#serverStack.handle(request),
    });
  }

  get port(): number {
    return this.#port;
  }

  /** @internal */
  async start(): Promise<void> {
    const services = this.#options.services ?? [];
    if (services.length === 0) return;
    for (const service of services) {
      const hosted = await this.#host.host(service);
      this.#hosted.push(hosted);
      this.#serverStack.add(hosted);
    }
    this.#port = (await this.#server.listen()).port;
    this.registry.update({
      port: this.#port,
      services: this.#hosted.map(({ name, contract }) => ({
        name,
        version: describe(contract).version,
        contractHash: this.#hashOf(contract),
      })),
      urls: this.#hosted.flatMap(({ contract }) =>
        Object.values(describe(contract).operations).flatMap(({ http }) =>
          http ? [`${http.method} ${http.path}`] : [],
        ),
      ),
    });
  }

  client<C extends AnyContract>(contract: C): ClientOf<C> {
    return this.#clients.client(contract) as ClientOf<C>;
  }

  call(request: CallRequest): PendingCall {
    return this.#clientStack.call(request);
  }

  contractOf(hash: string): ContractDescription | undefined {
    return this.#contracts.get(hash);
  }

  onContracts(listener: () => void): () => void {
    return this.#contracts.onChange(listener);
  }

  async drain(deadlineMs?: number): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    await this.registry.leave();
    if (this.#port !== 0) await this.#server.drain(deadlineMs);
    await this.#serverStack.idle();
  }

  async close(): Promise<void> {
    if (!this.#isDraining) await this.registry.leave();
    await this.registry.close();
    await this.#server.close();
    this.#clientStack.close();
    await this.#host.close();
  }

  #identity(): PeerIdentity {
    const { mesh, id, name, incarnation } = this.registry.self;
    return { mesh, nodeId: id, name, incarnation };
  }

  #callLocally(request: CallRequest): PendingCall | undefined {
    if (this.#isDraining || !this.#serverStack.offers(request.ref)) return undefined;
    const call = new LocalCall(request);
    this.#serverStack.handle(call);
    return call;
  }

  #hashOf(contract: AnyContract): string {
    let hash = this.#hashes.get(contract);
    if (hash === undefined) {
      hash = contractHash(describe(contract));
      this.#hashes.set(contract, hash);
    }
    return hash;
  }

  #describeContract(hash: string): string {
    const found = this.#hosted.find(({ contract }) => this.#hashOf(contract) === hash);
    if (!found) throw new DureError("NOT_FOUND", `this node offers no contract with hash ${hash}`);
    return JSON.stringify(describe(found.contract));
  }
}
