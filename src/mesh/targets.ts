/**
 * The instances that this node talks to: one link each, dialled once, with what is known of its latency and load. What happens
 * on a link is direct evidence and goes to the registry.
 */
import { type DureError, now, random } from "../kit/index.ts";
import type { Instance, Registry } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { Client, type PeerIdentity, type Transport } from "../wire/index.ts";
import type { Candidate } from "./core/balancer.ts";
import { Breaker, defaultBreaker } from "./core/breaker.ts";
import { InstanceLoad, type Told } from "./core/instance-load.ts";

/** What is known of a node that is dialled. */
type Dialled = Pick<Instance, "nodeId" | "record" | "address">;

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
  readonly #load = new InstanceLoad();
  readonly #breaker = new Breaker(defaultBreaker, random);
  /** When it came, or came back: for its slow start. */
  #since = now();
  #instance: Dialled;
  #client: Client | undefined;
  /** Calls that wait for the link: they are as good as pending. */
  #waitingCount = 0;

  constructor(instance: Dialled, options: TargetsOptions) {
    this.nodeId = instance.nodeId;
    this.#instance = instance;
    this.#options = options;
  }

  get pendingCount(): number {
    return this.#waitingCount + (this.#client?.pendingCount ?? 0);
  }

  /** The stable label of its process. */
  get slot(): string {
    return this.#instance.record.slot;
  }

  /** Where keys find it: its slot, which each machine has for itself. */
  get place(): string {
    const { machine, slot } = this.#instance.record;
    return `${machine} ${slot}`;
  }

  get zone(): string {
    return this.#instance.record.zone;
  }

  /** Its share of the calls, compared with others; 1 is usual. */
  get weight(): number {
    return this.#instance.record.weight;
  }

  /** When its process was started, by its own clock. */
  get startedAt(): number {
    return this.#instance.record.startedAt;
  }

  /** Whether its breaker has taken it out. */
  get isEjected(): boolean {
    return this.#breaker.isTripped;
  }

  load(time: number): number {
    return this.#load.at(time, this.pendingCount);
  }

  /** How late its event loop runs, as it told last, in ms. */
  loopDelayMs(time: number): number {
    return this.#load.loopDelayMs(time);
  }

  /** Since when it is there, or back, on the clock of `now()`. */
  get since(): number {
    return this.#since;
  }

  /** Whether a call may go there, as long as there are others. */
  admits(time: number): boolean {
    const client = this.#client;
    if (!this.#breaker.admits(time)) return false;
    return (
      !client ||
      (client.state !== "suspect" &&
        client.state !== "draining" &&
        !client.isCongested &&
        client.pendingCount < pendingMax)
    );
  }

  /** The link, if it can take a call now. */
  get readyClient(): Client | undefined {
    const client = this.#client;
    return client && (client.state === "ready" || client.state === "suspect") ? client : undefined;
  }

  /** A call goes there. */
  onSend(time: number): void {
    this.#breaker.onSend(time);
  }

  /** It answered, well or with an error that is not its fault. */
  onAnswer(time: number, latencyMs: number, told?: Told): void {
    this.#load.onAnswer(time, latencyMs);
    this.#breaker.onSuccess(time);
    if (told) this.#load.onTold(time, told, this.pendingCount);
  }

  /** It failed. */
  onFault(time: number, latencyMs: number, mayEject: () => boolean): void {
    this.#load.onFault(time, latencyMs);
    const wasEjected = this.isEjected;
    this.#breaker.onFailure(time, mayEject());
    if (!wasEjected && this.isEjected)
      this.#options.logger.warn("an instance fails; calls avoid it", { peer: this.slot });
  }

  /** A call came to an end that says nothing of it. */
  onNoVerdict(): void {
    this.#breaker.onNeither();
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
  update(instance: Dialled): void {
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
      expectName: this.#instance.record.name,
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
      // The silence is the longest latency of all, and over.
      this.#load.forgetLatency();
      this.#since = now();
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

  of(instance: Dialled): Target {
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
