import type { ContractDescription } from "../contract/index.ts";
import { type KnownContract, type Route, RouteTable } from "../http/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";

/** A contract of the fleet, and when it was first offered. */
interface Seen extends KnownContract {
  readonly name: string;
  readonly version: string;
  readonly startedAt: number;
}

/**
 * The routes of the fleet, from the contracts in the view: one table per change, swapped whole. Services without an instance keep
 * their routes: they are 503, not 404.
 */
export class RouteBook {
  readonly #node: MeshNode;
  readonly #logger: Logger;
  readonly #stopListening: readonly (() => void)[];
  readonly #onRoutes: (routes: readonly Route[]) => void;
  #table = new RouteTable([]);
  #tableKey = "";
  #hashes: ReadonlySet<string> = new Set();

  /** @param onRoutes called with the routes when they are others. */
  constructor(node: MeshNode, logger: Logger, onRoutes: (routes: readonly Route[]) => void) {
    this.#node = node;
    this.#logger = logger;
    this.#onRoutes = onRoutes;
    const rebuild = () => this.#rebuild();
    this.#stopListening = [node.registry.onChange(rebuild), node.onContracts(rebuild)];
    rebuild();
  }

  get table(): RouteTable {
    return this.#table;
  }

  /** The contracts that the table is made from. */
  get contractHashes(): ReadonlySet<string> {
    return this.#hashes;
  }

  /** Whether there is an instance of a service whose contract is known. */
  canCall(service: string): boolean {
    const { registry } = this.#node;
    if (registry.self.services.some(({ name }) => name === service)) return true;
    return registry
      .instancesOf(service)
      .some(({ service: offered }) => this.#node.contractOf(offered.contractHash) !== undefined);
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
  }

  #rebuild(): void {
    const known = this.#known();
    const key = known
      .map(({ hash }) => hash)
      .sort()
      .join();
    // A service that left keeps its last routes until another contract of that name takes their place.
    if (key === this.#tableKey || (known.length === 0 && this.#tableKey !== "")) return;
    this.#tableKey = key;
    this.#hashes = new Set(known.map(({ hash }) => hash));
    const names = new Set(known.map(({ name }) => name));
    const missing = this.#table.routes.filter(({ ref }) => !names.has(ref.service));
    this.#table = new RouteTable([...inOrder(known), ...retained(missing)], {
      former: this.#table,
    });
    for (const conflict of this.#table.conflicts) {
      this.#logger.error(
        "two contracts claim one route; the later one is not reachable over HTTP",
        { ...conflict },
      );
    }
    this.#logger.info("routes", { count: this.#table.routes.length });
    this.#onRoutes(this.#table.routes);
  }

  #known(): Seen[] {
    const byHash = new Map<string, Omit<Seen, "hash" | "description">>();
    const { registry } = this.#node;
    // This node's own services too: without a Distributor nobody tells it of them.
    const records = [registry.self, ...registry.nodes().map(({ record }) => record)];
    for (const record of records) {
      if (record.state === "quarantined") continue;
      const { startedAt } = record;
      for (const { contractHash, name, version } of record.services) {
        const known = byHash.get(contractHash);
        if (!known || known.startedAt > startedAt)
          byHash.set(contractHash, { startedAt, version, name });
      }
    }
    return [...byHash].flatMap(([hash, seen]) => {
      const description = this.#node.contractOf(hash);
      return description ? [{ hash, description, ...seen }] : [];
    });
  }
}

/** The service that was there first claims first; of several versions of it, the newest. */
function inOrder(known: readonly Seen[]): Seen[] {
  const firstSeen = new Map<string, number>();
  for (const { name, startedAt } of known)
    firstSeen.set(name, Math.min(firstSeen.get(name) ?? startedAt, startedAt));
  return [...known].sort((left, right) =>
    left.name === right.name
      ? right.version.localeCompare(left.version, undefined, { numeric: true })
      : (firstSeen.get(left.name) ?? 0) - (firstSeen.get(right.name) ?? 0) ||
        (left.name < right.name ? -1 : 1),
  );
}

/** Routes of services that left, as contracts again. */
function retained(routes: readonly Route[]): { description: ContractDescription; hash: string }[] {
  const byHash = new Map<string, Route[]>();
  for (const route of routes)
    byHash.set(route.ref.contractHash, [...(byHash.get(route.ref.contractHash) ?? []), route]);
  return [...byHash].map(([hash, kept]) => ({
    hash,
    description: {
      name: kept[0]?.ref.service ?? "",
      version: "",
      events: {},
      operations: Object.fromEntries(kept.map(({ ref, operation }) => [ref.operation, operation])),
    },
  }));
}
