/** The fleet as the stream tells it: whole once, then changes. No signals and no clock in here. */
import type { FleetDistributor, FleetEdge, FleetNode, FleetUpdate, NodeLoad } from "./types.ts";

/** One look at the fleet. It never changes; the next one shares with it what stayed the same. */
export interface FleetPicture {
  /** When the server said so, in ms since 1970; 0 before the first word. */
  readonly at: number;
  readonly nodes: ReadonlyMap<string, FleetNode>;
  readonly loads: ReadonlyMap<string, NodeLoad>;
  readonly edges: ReadonlyMap<string, FleetEdge>;
  readonly distributors: readonly FleetDistributor[];
  readonly totals: FleetUpdate["totals"];
  readonly leftOut: number;
}

export const emptyFleet: FleetPicture = {
  at: 0,
  nodes: new Map(),
  loads: new Map(),
  edges: new Map(),
  distributors: [],
  totals: { perS: 0, errorShare: 0, p99Ms: null },
  leftOut: 0,
};

const edgeKey = ({ from, to }: { readonly from: string; readonly to: string }) => `${from}\n${to}`;

/** The picture after an update. */
export function applied(before: FleetPicture, update: FleetUpdate): FleetPicture {
  const base = update.isWhole ? emptyFleet : before;
  const { at, totals, leftOut, distributors = base.distributors } = update;
  const loads = changed(base.loads, update.loads, ({ id }) => id, update.goneNodes);
  return {
    at,
    totals,
    leftOut,
    distributors,
    loads,
    nodes: changed(base.nodes, update.nodes, ({ id }) => id, update.goneNodes),
    edges: changed(base.edges, update.edges, edgeKey, update.goneEdges.map(edgeKey)),
  };
}

/** The same map where nothing changed, so that what depends on it alone is not made again. */
function changed<Item>(
  before: ReadonlyMap<string, Item>,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  gone: readonly string[],
): ReadonlyMap<string, Item> {
  if (items.length === 0 && gone.length === 0) return before;
  const after = new Map(before);
  for (const key of gone) after.delete(key);
  for (const item of items) after.set(keyOf(item), item);
  return after;
}
