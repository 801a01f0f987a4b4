/** A fleet of any size that nobody runs: updates as the console's server sends them, with new figures for everybody each second. */
import type { z } from "zod";
import type {
  FleetEdge,
  FleetNode,
  FleetUpdate,
  NodeLoad,
} from "../../src/console/schemas/fleet.ts";

type Update = z.infer<typeof FleetUpdate>;

/** How large it is. */
export interface FleetSize {
  readonly services: number;
  readonly instances: number;
  readonly machines: number;
}

const words = "orders stock carts members search prices reviews invoices mail images".split(" ");
const layers = 5;
/** Callees of each service. */
const fanOut = 3;

/** Updates as long as somebody asks: the first is whole, the others change every load and edge. */
export class InventedFleet {
  readonly #nodes: z.infer<typeof FleetNode>[];
  readonly #pairs: { readonly from: string; readonly to: string }[];
  #tick = 0;

  constructor({ services, instances, machines }: FleetSize) {
    const names = Array.from({ length: services }, (_, index) => nameOf(index));
    this.#nodes = Array.from({ length: instances }, (_, index) => {
      const name = names[index % services] as string;
      const slot = `${name}-${Math.floor(index / services) + 1}`;
      return {
        ...{ id: `${slot}-id`, name, slot, machine: `machine-${(index % machines) + 1}` },
        ...{ address: `10.0.0.${index % machines}:${20_000 + index}`, zone: `zone-${index % 3}` },
        ...{
          pid: 1_000 + index,
          startedAt: Date.now() - index * 60_000,
          state: "ready",
          health: "live",
        },
        ...{ services: [{ name, version: "1.0.0" }], urls: [] },
      };
    });
    this.#pairs = names.flatMap((from, index) =>
      calleesOf(index, services).map((to) => ({ from, to: names[to] as string })),
    );
  }

  next(): Update {
    this.#tick += 1;
    const isWhole = this.#tick === 1;
    const changed = this.#nodes.filter((_, index) => index % 97 === this.#tick % 97);
    return {
      ...{ isWhole, at: Date.now(), goneNodes: [], goneEdges: [], leftOut: 0 },
      nodes: isWhole
        ? this.#nodes
        : changed.map((node) => ({ ...node, health: this.#tick % 2 === 0 ? "suspect" : "live" })),
      loads: this.#nodes.map(({ id }, index) => this.#load(id, index)),
      edges: this.#pairs.map((pair, index) => this.#edge(pair, index)),
      ...(isWhole ? { distributors: [{ address: "10.0.0.1:9100", isConnected: true }] } : {}),
      totals: {
        perS: 5_000 + this.#wave(0) * 900,
        errorShare: 0.002 + this.#wave(3) * 0.002,
        p99Ms: 40 + this.#wave(1) * 8,
      },
    };
  }

  /** Between -1 and 1, another for each seed. */
  #wave(seed: number): number {
    return Math.sin(this.#tick / 7 + seed * 1.7);
  }

  #load(id: string, index: number): z.infer<typeof NodeLoad> {
    const wave = this.#wave(index);
    return {
      ...{ id, perS: 50 + wave * 20, errorShare: Math.max(0, wave) * 0.01, p99Ms: 12 + wave * 6 },
      ...{
        inFlight: Math.round(3 + wave * 2),
        memoryBytes: 90e6 + wave * 1e6,
        cpuShare: 0.2 + wave * 0.1,
        loopLagMs: 2,
      },
      distributors: [{ address: "10.0.0.1:9100", isConnected: true }],
    };
  }

  #edge(
    pair: { readonly from: string; readonly to: string },
    index: number,
  ): z.infer<typeof FleetEdge> {
    const wave = this.#wave(index);
    const errorShare = index % 23 === 0 ? 0.03 : Math.max(0, wave - 0.8) * 0.02;
    return { ...pair, perS: 40 + wave * 30, errorShare, p50Ms: 3, p99Ms: 20 + wave * 9 };
  }
}

function nameOf(index: number): string {
  const round = Math.floor(index / words.length);
  return round === 0 ? (words[index] as string) : `${words[index % words.length]}-${round + 1}`;
}

/** A service calls some of the layer below. */
function calleesOf(index: number, services: number): number[] {
  const width = Math.ceil(services / layers);
  const layer = Math.floor(index / width);
  if (layer >= layers - 1) return [];
  return Array.from(
    { length: fanOut },
    (_, step) => (layer + 1) * width + ((index * 7 + step * 5) % width),
  ).filter((callee) => callee < services);
}
