/** One running process in the mesh: hosts services, calls others, knows who is there. Everything else in this folder is a part. */
import type { AnyContract, ClientOf, ContractDescription } from "../contract/index.ts";
import { joinRegistry, newNodeId, type Registry } from "../registry/index.ts";
import { type Logger, type Metrics, NodeTelemetry, type Traces } from "../telemetry/index.ts";
import { type PeerIdentity, type PendingCall, type RequestHead, Server } from "../wire/index.ts";
import { announcementOf } from "./announcement.ts";
import { type BuiltIn, NodeAsker, type NodeQuestion } from "./ask-node.ts";
import { requireProvenNames } from "./caller-check.ts";
import { type CallRequest, ClientStack } from "./client-stack.ts";
import type { ContextSource } from "./handler-context.ts";
import { LocalCall } from "./local-call.ts";
import { LocalStream } from "./local-stream.ts";
import { MeshFetch } from "./mesh-fetch.ts";
import type { MeshNode } from "./mesh-node.ts";
import { defaultMesh, newRecord } from "./new-record.ts";
import { NodeContracts } from "./node-contracts.ts";
import { NodeEvents } from "./node-events.ts";
import { addNodeReadings, NodeMetrics } from "./node-metrics.ts";
import { deadlineMsFor, type NodeOptions } from "./options.ts";
import { PrincipalProofs } from "./principal-proofs.ts";
import { ServerStack } from "./server-stack.ts";
import { type HostedService, ServiceHost } from "./service-host.ts";
import type { MessageStream } from "./stream-call.ts";
import { Targets } from "./targets.ts";
import { ClientFactory } from "./typed-client.ts";

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
  readonly #telemetry: NodeTelemetry;
  readonly #asker: NodeAsker;
  readonly registry: Registry;
  readonly #options: NodeOptions;
  readonly #server: Server;
  readonly #serverStack: ServerStack;
  readonly #clientStack: ClientStack;
  readonly #contracts: NodeContracts;
  readonly #clients: ClientFactory;
  readonly #fetch: MeshFetch;
  readonly #events: NodeEvents;
  readonly #contexts: ContextSource;
  readonly vouching: PrincipalProofs;
  #draining: Promise<void> | undefined;
  readonly #host: ServiceHost;
  readonly #hosted: HostedService[] = [];
  port = 0;
  #isDraining = false;

  constructor(options: NodeOptions) {
    const { name, mesh = defaultMesh, host = "127.0.0.1", port = 0 } = options;
    const { token, transport, dataDir, logger, traces } = options;
    this.#options = options;
    this.id = newNodeId(name);
    this.name = name;
    this.#telemetry = new NodeTelemetry({ node: this, logger, traces });
    this.registry = joinRegistry({
      self: newRecord(this.id, options),
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
    this.#contracts = new NodeContracts({
      policy: options.contracts ?? "route",
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
    const metrics = new NodeMetrics(this.metrics);
    this.#clientStack = this.#createClientStack(targets, metrics);
    this.#contracts.onChange(() => this.#clientStack.onChange());
    this.#clients = new ClientFactory({
      call: (request) => this.#clientStack.call(request),
      openStream: (request) => this.#clientStack.openStream(request),
      deadlineMsFor: (service) => deadlineMsFor(options.calls, service),
      hashOf: (contract) => this.#contracts.hashOf(contract),
    });
    this.#fetch = new MeshFetch({
      registry: this.registry,
      contractOf: (hash) => this.#contracts.get(hash),
      call: (request) => this.#clientStack.call(request),
      openStream: (request) => this.#clientStack.openStream(request),
      deadlineMsFor: (service) => deadlineMsFor(options.calls, service),
    });
    this.vouching = new PrincipalProofs(mesh, this.registry, options);
    this.#events = new NodeEvents(options.events, metrics, this.traces);
    this.#contexts = this.#contextSource();
    const internal = new Map<string, BuiltIn>([
      ["dure.contract", ({ hash = "" }) => this.#contracts.describe(hash)],
      ...this.#telemetry.operations(),
    ]);
    this.#asker = new NodeAsker(this.id, internal, targets);
    this.#serverStack = new ServerStack({
      metrics,
      name: this.name,
      contexts: this.#contexts,
      proofs: this.vouching,
      ownNames: () => [this.name, ...this.#hosted.map(({ name }) => name)],
      internal,
    });
    this.#host = new ServiceHost({
      env: options.env ?? {},
      provide: options.provide ?? [],
      metrics: this.metrics,
      contexts: this.#contexts,
      clientFor: (contract) => this.#clients.client(contract),
      fetch: (request) => this.#fetch.fetch(request),
      publish: (event, data, options) => this.#events.publish(event, data, options),
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
      onRequest: (request) => this.#serverStack.receive(request),
    });
  }

  #createClientStack(targets: Targets, metrics: NodeMetrics): ClientStack {
    return new ClientStack({
      registry: this.registry,
      metrics,
      traces: this.traces,
      targets,
      calls: this.#options.calls,
      callLocally: (request, head) => this.#runLocally(request, head, LocalCall),
      openLocally: (request) => this.#runLocally(request, request.head, LocalStream),
      loopDelayMs: () => this.#serverStack.loopDelayMs,
      offers: (instance, ref) => this.#contracts.offers(instance, ref),
    });
  }

  get logger(): Logger {
    return this.#telemetry.logger;
  }

  get metrics(): Metrics {
    return this.#telemetry.metrics;
  }

  get traces(): Traces {
    return this.#telemetry.traces;
  }

  get requestCount(): number {
    return this.#serverStack.runningCount;
  }

  /** @internal */
  async start(): Promise<void> {
    const { registry } = this;
    const readings = { registry, server: this.#serverStack, client: this.#clientStack };
    addNodeReadings(this.metrics, readings);
    const services = this.#options.services ?? [];
    await this.#telemetry.open();
    if (services.length === 0 && !this.#options.isObservable)
      return this.#events.start(this, [], this.#contexts);
    for (const service of services) {
      const hosted = await this.#host.host(service);
      this.#hosted.push(hosted);
      this.#serverStack.add(hosted);
    }
    requireProvenNames(this.#hosted, this.#options.transport);
    this.#serverStack.open();
    this.port = (await this.#server.listen()).port;
    const state = await this.#contracts.offer(this.#hosted.map(({ contract }) => contract));
    const announced = announcementOf(this.#hosted, this.#contracts);
    this.registry.update({ ...announced, state, port: this.port });
    this.#events.start(this, this.#hosted, this.#contexts);
  }

  client<C extends AnyContract>(contract: C): ClientOf<C> {
    return this.#clients.client(contract) as ClientOf<C>;
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return this.#fetch.fetch(new Request(input, init));
  }

  call(request: CallRequest): PendingCall {
    return this.#clientStack.call(request);
  }

  openStream(request: CallRequest): MessageStream {
    return this.#clientStack.openStream(request);
  }

  ask(question: NodeQuestion): Promise<unknown> {
    return this.#asker.ask(question);
  }

  contractOf(hash: string): ContractDescription | undefined {
    return this.#contracts.get(hash);
  }

  onContracts(listener: () => void): () => void {
    return this.#contracts.onChange(listener);
  }

  drain(deadlineMs?: number): Promise<void> {
    this.#draining ??= this.#drain(deadlineMs);
    return this.#draining;
  }

  async #drain(deadlineMs: number | undefined): Promise<void> {
    // First, because the log that is told how far it got may be hosted here.
    await this.#events.drain();
    this.#isDraining = true;
    await this.registry.leave();
    if (this.port !== 0) await this.#server.drain(deadlineMs);
    await this.#serverStack.idle();
  }

  async close(): Promise<void> {
    if (!this.#isDraining) await this.registry.leave();
    await this.registry.close();
    await this.#server.close();
    this.#events.close();
    this.#contracts.close();
    this.#clientStack.close();
    this.#serverStack.close();
    this.vouching.close();
    await Promise.all([this.#host.close(), this.#telemetry.close()]);
  }

  #contextSource(): ContextSource {
    return {
      logger: this.logger,
      traces: this.traces,
      clientFor: (contract, parent) => this.#clients.client(contract, parent),
      fetchFor: (request, parent) => this.#fetch.fetch(request, parent),
      publish: (event, data, options) => this.#events.publish(event, data, options),
      judgeOld: (principal) => this.vouching.judge(principal, true),
    };
  }

  #identity(): PeerIdentity {
    const { mesh, id, name, incarnation } = this.registry.self;
    return { mesh, nodeId: id, name, incarnation };
  }

  #runLocally<Local extends LocalCall>(
    request: CallRequest,
    head: RequestHead,
    Run: new (request: CallRequest, head: RequestHead) => Local,
  ): Local | undefined {
    if (this.#isDraining || !this.#serverStack.offers(request.ref)) return undefined;
    const run = new Run(request, head);
    this.#serverStack.handle(run);
    return run;
  }
}
