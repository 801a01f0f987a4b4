/**
 * The instances that this node talks to: one link each, dialled once, with what is known of its latency and load. What happens
 * on a link is direct evidence and goes to the registry.
 */
import { type DureError, now } from "../kit/index.ts";
import type { Instance, Registry } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { Client, type PeerIdentity, type Transport } from "../wire/index.ts";
import type { Candidate } from "./core/balancer.ts";
import { PeakEwma } from "./core/peak-ewma.ts";

/** What targets need to dial. */
export interface TargetsOptions {
  readonly registry: Registry;
  readonly token: string | undefined;
  readonly transport: Transport | undefined;
  readonly logger: Logger;
  identity(): PeerIdentity;
}

/** Calls pending on one instance at most; with all of them full a call is refused. */
const pendingMax = 10_000;
const connectTimeoutMs = 1_000;

/** One node as this one sees it. */
export class Target implements Candidate {
  readonly nodeId: string;
  readonly #options: TargetsOptions;
  readonly #ewma = new PeakEwma();
  #instance: Instance;
  #client: Client | undefined;
  /** Calls that wait for the link: they are as good as pending. */
  #waitingCount = 0;

  constructor(instance: Instance, options: TargetsOptions) {
    this.nodeId = instance.nodeId;
    this.#instance = instance;
    this.#options = options;
  }

  get pendingCount(): number {
    return this.#waitingCount + (this.#client?.pendingCount ?? 0);
  }

  get costMs(): number {
    return this.#ewma.costMs();
  }

  /** Whether another call had better go elsewhere. */
  get isAvoided(): boolean {
    const client = this.#client;
    if (!client) return false;
    return (
      client.state === "suspect" ||
      client.state === "draining" ||
      client.isCongested ||
      client.pendingCount >= pendingMax
    );
  }

  /** The link, if it can take a call now. */
  get readyClient(): Client | undefined {
    const client = this.#client;
    return client && (client.state === "ready" || client.state === "suspect") ? client : undefined;
  }

  observe(latencyMs: number): void {
    this.#ewma.observe(now(), latencyMs);
  }

  /** Dials unless a link is there or on its way. Rejects with UNAVAILABLE and the like, `sent: "no"`. */
  async connect(): Promise<Client> {
    if (!this.#client || this.#client.state === "closed" || this.#client.state === "draining")
      this.#client = this.#dial();
    const client = this.#client;
    this.#waitingCount += 1;
    try {
      await client.connect();
    } catch (thrown) {
      this.#options.registry.failedToReach(this.nodeId);
      throw thrown;
    } finally {
      this.#waitingCount -= 1;
    }
    this.#options.registry.heardFrom(this.nodeId);
    return client;
  }

  /** The registry knows something newer of it. */
  update(instance: Instance): void {
    this.#instance = instance;
  }

  /** Lets the calls at work finish, then closes the link. */
  close(): void {
    this.#client
      ?.close()
      .catch((error) => this.#options.logger.debug("closing a link", { reason: String(error) }));
  }

  #dial(): Client {
    const { registry, logger, token, transport } = this.#options;
    const client = new Client({
      address: this.#instance.address,
      identity: this.#options.identity(),
      expectNodeId: this.nodeId,
      token,
      transport,
      logger,
      connectTimeoutMs,
    });
    client.onSuspect = () => {
      logger.warn("a peer is silent; calls avoid it", { peer: this.#instance.record.slot });
      registry.failedToReach(this.nodeId);
    };
    client.onRecovered = () => {
      this.#ewma.reset();
      registry.heardFrom(this.nodeId);
    };
    client.onClose((error: DureError) => {
      if (error.code !== "CANCELLED" && this.#client === client)
        registry.failedToReach(this.nodeId);
    });
    return client;
  }
}

/** The table of targets; those that the registry forgets are closed. */
export class Targets {
  readonly #options: TargetsOptions;
  readonly #targets = new Map<string, Target>();

  constructor(options: TargetsOptions) {
    this.#options = options;
    options.registry.onChange(() => this.#forgetGone());
  }

  of(instance: Instance): Target {
    let target = this.#targets.get(instance.nodeId);
    if (!target) {
      target = new Target(instance, this.#options);
      this.#targets.set(instance.nodeId, target);
    } else target.update(instance);
    return target;
  }

  close(): void {
    for (const target of this.#targets.values()) target.close();
    this.#targets.clear();
  }

  #forgetGone(): void {
    const known = new Set(this.#options.registry.nodes().map(({ record }) => record.id));
    for (const [nodeId, target] of this.#targets) {
      if (known.has(nodeId)) continue;
      target.close();
      this.#targets.delete(nodeId);
    }
  }
}
