/** The fleet as it is, and what each reader of it has missed. Pure. */
import type { z } from "zod";
import type {
  FleetDistributor,
  FleetEdge,
  FleetNode,
  FleetUpdate,
  NodeLoad,
  Totals,
} from "../schemas/fleet.ts";
import { type TableChanges, VersionedTable } from "./versioned-table.ts";

type Edge = z.infer<typeof FleetEdge>;
type Load = z.infer<typeof NodeLoad>;
type Node = z.infer<typeof FleetNode>;
type Update = z.infer<typeof FleetUpdate>;

/** A reader, who begins with nothing. */
export class FleetReader {
  readonly versions = { nodes: 0, loads: 0, edges: 0 };
  distributors = "";
  totals = "";
}

const edgesMax = 2_000;

export class FleetPicture {
  readonly #nodes = new VersionedTable<Node>();
  readonly #loads = new VersionedTable<Load>();
  readonly #edges = new VersionedTable<Edge>();
  #distributors: z.infer<typeof FleetDistributor>[] = [];
  #totals: z.infer<typeof Totals> = { perS: 0, errorShare: 0, p99Ms: null };
  #nodesLeftOut = 0;
  #edgesLeftOut = 0;

  setNodes(nodes: readonly Node[], leftOut: number): void {
    this.#nodes.replace(nodes.map((node) => [node.id, node]));
    this.#nodesLeftOut = leftOut;
  }

  /** The edges that are used most, if there are too many. */
  setTraffic(loads: readonly Load[], edges: readonly Edge[], totals: z.infer<typeof Totals>): void {
    this.#loads.replace(loads.map((load) => [load.id, load]));
    const shown = [...edges].sort((left, right) => right.perS - left.perS).slice(0, edgesMax);
    this.#edges.replace(shown.map((edge) => [JSON.stringify([edge.from, edge.to]), edge]));
    this.#edgesLeftOut = edges.length - shown.length;
    this.#totals = totals;
  }

  setDistributors(distributors: z.infer<typeof FleetDistributor>[]): void {
    this.#distributors = distributors;
  }

  /**
   * What a reader has missed, which it then has seen; undefined for nothing, unless it `mustHear`. Whoever has missed too much of one
   * table gets all of them anew.
   */
  missedBy(reader: FleetReader, at: number, mustHear: boolean): Update | undefined {
    const tables = { nodes: this.#nodes, loads: this.#loads, edges: this.#edges };
    const { versions } = reader;
    const isWhole = [
      tables.nodes.since(versions.nodes),
      tables.loads.since(versions.loads),
      tables.edges.since(versions.edges),
    ].some((changes) => changes.isWhole);
    const nodes = tables.nodes.since(isWhole ? 0 : versions.nodes);
    const loads = tables.loads.since(isWhole ? 0 : versions.loads);
    const edges = tables.edges.since(isWhole ? 0 : versions.edges);
    const distributors = JSON.stringify(this.#distributors);
    const totals = JSON.stringify(this.#totals);
    const isSame = reader.distributors === distributors && reader.totals === totals;
    if (isSame && !mustHear && [nodes, loads, edges].every(isEmpty)) return undefined;
    const hasDistributors = isWhole || reader.distributors !== distributors;
    Object.assign(versions, {
      nodes: nodes.version,
      loads: loads.version,
      edges: edges.version,
    });
    Object.assign(reader, { distributors, totals });
    return {
      ...{ isWhole, at },
      nodes: [...nodes.changed],
      goneNodes: [...nodes.gone],
      loads: [...loads.changed],
      edges: [...edges.changed],
      goneEdges: edges.gone.map((key) => {
        const [from, to] = JSON.parse(key);
        return { from, to };
      }),
      ...(hasDistributors ? { distributors: this.#distributors } : {}),
      totals: this.#totals,
      leftOut: this.#nodesLeftOut + this.#edgesLeftOut,
    };
  }
}

function isEmpty({ isWhole, changed, gone }: TableChanges<unknown>): boolean {
  return !isWhole && changed.length === 0 && gone.length === 0;
}
