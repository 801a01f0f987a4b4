/**
 * Where the cards of the map stand. Callers are left of what they call: a vertex stands one column right of its furthest caller, and d3-force
 * moves it up and down towards its neighbours. Those that talk to nobody stand in rows below. Without randomness, so the same fleet always
 * looks the same.
 */
import {
  forceCollide,
  forceLink,
  forceSimulation,
  forceY,
  type SimulationNodeDatum,
} from "d3-force";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const cardWidth = 176;
export const cardHeight = 68;
/** From the middle of one column to that of the next. */
export const columnGap = 288;
const rowGap = 88;
const rowsMax = 12;
const rowMin = 4;
const ticks = 120;

interface Spot extends SimulationNodeDatum {
  readonly name: string;
}

type Arrow = { readonly from: string; readonly to: string };

/** The middle of each card. */
export function layoutOf(names: readonly string[], arrows: readonly Arrow[]): Map<string, Point> {
  const talking = new Set(arrows.flatMap(({ from, to }) => [from, to]));
  const columns = columnsOf(talking, arrows);
  const spots: Spot[] = columns.flatMap((column, index) =>
    column.map((name, row) => ({
      name,
      fx: index * columnGap,
      x: index * columnGap,
      y: (row - (column.length - 1) / 2) * rowGap,
    })),
  );
  const links = arrows
    .filter(({ from, to }) => from !== to)
    .map(({ from, to }) => ({ source: from, target: to }));
  forceSimulation(spots)
    .force(
      "link",
      forceLink<Spot, { source: string | Spot; target: string | Spot }>(links)
        .id(({ name }) => name)
        .distance(columnGap)
        .strength(0.05),
    )
    .force("middle", forceY(0).strength(0.03))
    .force("collide", forceCollide(rowGap / 2).iterations(4))
    .stop()
    .tick(ticks);
  const found = new Map(spots.map(({ name, x = 0, y = 0 }) => [name, { x, y }]));
  const silent = names.filter((name) => !talking.has(name));
  const lowest = Math.max(-rowGap, ...[...found.values()].map(({ y }) => y));
  // As many in a row as there are columns; a block about as wide as a screen where they are many.
  const perRow = Math.max(rowMin, columns.length, Math.ceil(Math.sqrt(silent.length)));
  for (const [index, name] of silent.entries()) {
    const row = Math.floor(index / perRow);
    found.set(name, { x: (index % perRow) * columnGap, y: lowest + (row + 1.2) * rowGap });
  }
  return found;
}

/** Layers from left to right; a layer of more than `rowsMax` takes several columns. */
function columnsOf(talking: ReadonlySet<string>, arrows: readonly Arrow[]): string[][] {
  const depths = depthsOf(talking, arrows);
  const layers: string[][] = [];
  for (const name of talking) {
    const depth = depths.get(name) ?? 0;
    layers[depth] ??= [];
    layers[depth].push(name);
  }
  return layers.filter(Boolean).flatMap((layer) => inColumns(layer, rowsMax));
}

function inColumns(names: readonly string[], most: number): string[][] {
  const parts = Math.ceil(names.length / most);
  const size = Math.ceil(names.length / parts);
  return Array.from({ length: parts }, (_, part) => names.slice(part * size, (part + 1) * size));
}

/** The longest way to each name; an arrow that closes a circle is left out. */
function depthsOf(names: Iterable<string>, arrows: readonly Arrow[]): Map<string, number> {
  const callers = new Map<string, string[]>();
  for (const { from, to } of arrows) callers.set(to, [...(callers.get(to) ?? []), from]);
  const depths = new Map<string, number>();
  const open = new Set<string>();
  const depthOf = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    open.add(name);
    let depth = 0;
    for (const caller of callers.get(name) ?? [])
      if (!open.has(caller)) depth = Math.max(depth, depthOf(caller) + 1);
    open.delete(name);
    depths.set(name, depth);
    return depth;
  };
  for (const name of names) depthOf(name);
  return depths;
}
