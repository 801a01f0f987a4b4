/**
 * A node's own end of the registry: announces itself to every Distributor, keeps the view, probes those in doubt, remembers
 * the view on disk.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { every, now, randomInt, type Timer, wallTime } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import type { Address, PeerIdentity } from "../wire/index.ts";
import { View, type ViewEntry } from "./core/view.ts";
import { loadView, saveView } from "./disk-view.ts";
import { DistributorLink } from "./distributor-link.ts";
import type { RegistryOptions } from "./options.ts";
import { Prober } from "./prober.ts";
import type { WatchMessage } from "./protocol.ts";
import type { NodeRecord, RecordPatch, ServiceRecord } from "./record.ts";

/** One service on one node: what a balancer chooses between. */
export interface Instance {
  readonly nodeId: string;
  readonly incarnation: number;
  readonly record: NodeRecord;
  readonly service: ServiceRecord;
  readonly address: Address;
}

/** See {@link joinRegistry}. */
export interface Registry {
  readonly self: NodeRecord;
  nodes(): readonly ViewEntry[];
  /** Whom a call may go to. The same array until something changes. */
  instancesOf(service: string): readonly Instance[];
  /** Every service that some node in the view offers, whether it can be reached now or not. */
  services(): readonly string[];
  /** Calls `listener` after changes that a caller could see; gives back how to stop it. */
  onChange(listener: () => void): () => void;
  /** Changes what this node says of itself. */
  update(patch: RecordPatch): void;
  /** This peer answered just now. */
  heardFrom(nodeId: string): void;
  /** This peer could not be reached just now. */
  failedToReach(nodeId: string): void;
  distributors(): readonly {
    readonly address: Address;
    readonly state: "connected" | "connecting";
    readonly since: number;
  }[];
  /** Whether a Distributor has told its list, or an earlier run left one on disk. */
  isSynced(): boolean;
  /** Whether some Distributor has this node's record as it is now, and so tells it to everybody. */
  isAnnounced(): boolean;
  /** Says goodbye to every Distributor that can hear it. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

const probeBeatMs = 200;
const saveEveryMs = 1_000;
const noInstances: readonly Instance[] = [];

/** Starts announcing and watching. Returns at once: nothing waits for a Distributor. */
export function joinRegistry(options: RegistryOptions): Registry {
  return new RunningRegistry(options);
}

class RunningRegistry implements Registry {
  self: NodeRecord;
  readonly #options: RegistryOptions;
  readonly #logger: Logger;
  readonly #view = new View();
  readonly #prober: Prober;
  readonly #links: DistributorLink[];
  readonly #listeners = new Set<() => void>();
  readonly #timers: Timer[];
  readonly #path: string | undefined;
  #instances = new Map<string, readonly Instance[]>();
  #indexedVersion = -1;
  #toldVersion = 0;
  #savedVersion = 0;
  #isSynced = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    const startedAt = wallTime();
    this.self = {
      zone: "",
      weight: 1,
      ...options.self,
      incarnation: startedAt,
      revision: 0,
      machine: machineId(),
      pid: process.pid,
      startedAt,
    };
    this.#path =
      options.dataDir &&
      join(options.dataDir, "views", `${options.self.slot || options.self.name}.json`);
    if (this.#path) this.#remember(this.#path);
    this.#prober = new Prober({
      view: this.#view,
      token: options.token,
      transport: options.transport,
      probe: options.probe,
      identity: () => this.#identity(),
      onProbed: () => this.#tell(),
    });
    this.#links = options.distributors.map((address) => this.#link(address));
    for (const link of this.#links) {
      link
        .run()
        .catch((error) =>
          this.#logger.error("the registration loop ended", { reason: String(error) }),
        );
    }
    this.#timers = [
      every(probeBeatMs, () => this.#prober.run()),
      every(saveEveryMs, () => this.#save()),
    ];
  }

  nodes(): readonly ViewEntry[] {
    return this.#view.entries();
  }

  instancesOf(service: string): readonly Instance[] {
    if (this.#indexedVersion !== this.#view.version) this.#index();
    return this.#instances.get(service) ?? noInstances;
  }

  services(): readonly string[] {
    const names = new Set<string>();
    for (const { record } of this.#view.entries())
      for (const { name } of record.services) names.add(name);
    return [...names];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  update(patch: RecordPatch): void {
    this.self = { ...this.self, ...patch, revision: this.self.revision + 1 };
    for (const link of this.#links) link.update();
  }

  heardFrom(nodeId: string): void {
    this.#view.heardFrom(nodeId);
    this.#tell();
  }

  failedToReach(nodeId: string): void {
    this.#view.failedToReach(nodeId, now());
    this.#tell();
  }

  distributors(): ReturnType<Registry["distributors"]> {
    return this.#links.map(({ address, isConnected, since }) => ({
      address,
      state: isConnected ? "connected" : "connecting",
      since,
    }));
  }

  isSynced(): boolean {
    return this.#isSynced;
  }

  isAnnounced(): boolean {
    return this.#links.some((link) => link.announcedRevision === this.self.revision);
  }

  async leave(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.leave()));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#listeners.clear();
    for (const link of this.#links) link.close();
    this.#save();
  }

  #link(address: Address): DistributorLink {
    const origin = `${address.host}:${address.port}`;
    return new DistributorLink({
      address,
      token: this.#options.token,
      transport: this.#options.transport,
      logger: this.#logger,
      identity: () => this.#identity(),
      record: () => this.self,
      onMessage: (message) => this.#onMessage(origin, message),
      onGone: () => {
        this.#view.originGone(origin, now());
        this.#tell();
      },
      onOutdated: (incarnation) => {
        // Another start under this id was later by its clock; this process is the newer one, so it goes past it.
        this.self = { ...this.self, incarnation: incarnation + 1 };
      },
      onReplaced: () => this.#onReplaced(),
    });
  }

  /** Two processes with one id: the newer one speaks for it, this one only listens to its callers. */
  #onReplaced(): void {
    this.#logger.error(
      "another process registered under this node's id; this one stops announcing itself",
      {
        nodeId: this.self.id,
      },
    );
    for (const link of this.#links) link.close();
    this.#options.onReplaced?.();
  }

  #identity(): PeerIdentity {
    const { mesh, id, name, incarnation } = this.self;
    return { mesh, nodeId: id, name, incarnation };
  }

  #onMessage(origin: string, message: WatchMessage): void {
    const time = now();
    this.#isSynced = true;
    if (message.kind === "snapshot") this.#view.snapshot(origin, message.nodes, time);
    else {
      for (const change of message.changes) {
        if (change.op === "up") this.#view.up(origin, change.record, time);
        else if (change.op === "leave") this.#view.leave(change.id, change.incarnation, time);
        else this.#view.lost(origin, change.id, change.incarnation, time);
      }
    }
    this.#tell();
    this.#prober.run();
  }

  #tell(): void {
    if (this.#toldVersion === this.#view.version) return;
    this.#toldVersion = this.#view.version;
    for (const listener of this.#listeners) listener();
  }

  #index(): void {
    const routable = new Map<string, Instance[]>();
    const suspects = new Map<string, Instance[]>();
    for (const { record, status } of this.#view.entries()) {
      if (record.state !== "ready" || record.port === 0) continue;
      const into = status === "suspect" ? suspects : routable;
      for (const service of record.services) {
        const instance: Instance = {
          nodeId: record.id,
          incarnation: record.incarnation,
          record,
          service,
          address: { host: record.host, port: record.port },
        };
        into.set(service.name, [...(into.get(service.name) ?? []), instance]);
      }
    }
    // Where all are suspect, trying one beats refusing everybody.
    for (const [name, instances] of suspects)
      if (!routable.has(name)) routable.set(name, instances);
    this.#instances = routable;
    this.#indexedVersion = this.#view.version;
  }

  #remember(path: string): void {
    for (const record of loadView(path, this.#logger)) {
      this.#view.remember(record, now());
      this.#isSynced = true;
    }
  }

  #save(): void {
    if (!this.#path || this.#savedVersion === this.#view.version) return;
    this.#savedVersion = this.#view.version;
    saveView(
      this.#path,
      this.#view.entries().map(({ record }) => record),
      this.#logger,
    );
  }
}

/** Which machine this is: the host's name is enough to tell whether a loopback address means the same one. */
function machineId(): string {
  return hostname();
}

/** A node id: unique for every process. */
export function newNodeId(name: string): string {
  const draw = () => randomInt(2 ** 32).toString(36);
  return `${name}-${draw()}${draw()}`;
}
