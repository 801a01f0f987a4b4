import { toneOfErrors } from "../../components/badge.tsx";
import type { FleetEdge } from "../../data/types.ts";
import { duration, percent, rate } from "../../format/figures.ts";
import { cardWidth, columnGap, type Point } from "./layout.ts";

interface ArrowProps {
  readonly edge: FleetEdge;
  readonly from: Point | undefined;
  readonly to: Point | undefined;
  readonly isChosen: boolean;
  readonly isDim: boolean;
  readonly hasFigures: boolean;
}

/**
 * Calls from one to another: thicker with more of them, coloured by the share that fails. One that passes behind other cards has its figures
 * only while it is chosen, because they would stand behind those cards.
 */
export function MapArrow({ edge, from, to, isChosen, isDim, hasFigures }: ArrowProps) {
  if (!from || !to || edge.from === edge.to) return null;
  const { perS, errorShare, p99Ms } = edge;
  const tone = perS === 0 ? "plain" : toneOfErrors(errorShare);
  const width = 1 + Math.min(4, Math.log10(1 + perS));
  const { path, label, isLong } = curveOf(from, to);
  const isFailing = tone === "bad";
  return (
    <g class={`arrow tone-${tone}${isChosen ? " is-chosen" : ""}${isDim ? " is-dim" : ""}`}>
      <path d={path} stroke-width={width.toFixed(1)} />
      {(hasFigures && perS > 0 && (!isLong || isChosen)) || isFailing ? (
        <text x={label.x} y={label.y - 5}>
          {rate(perS)}
          {isFailing ? ` \u00b7 ${percent(errorShare)}` : ""} {"\u00b7"} {duration(p99Ms)}
        </text>
      ) : null}
    </g>
  );
}

function curveOf(from: Point, to: Point): { path: string; label: Point; isLong: boolean } {
  const half = cardWidth / 2;
  const isForward = to.x > from.x;
  const start = { x: from.x + half, y: from.y };
  // What is called from the right, or from the same column, is entered from that side.
  const end = { x: to.x + (isForward ? -half : half), y: to.y };
  const bend = isForward ? Math.max(30, (end.x - start.x) / 2) : 60;
  const first = { x: start.x + bend, y: start.y };
  const second = { x: end.x + (isForward ? -bend : bend), y: end.y };
  return {
    path: `M${start.x} ${start.y}C${first.x} ${first.y} ${second.x} ${second.y} ${end.x} ${end.y}`,
    isLong: Math.abs(to.x - from.x) > columnGap,
    label: {
      x: onCurve(start.x, first.x, second.x, end.x),
      y: onCurve(start.y, first.y, second.y, end.y),
    },
  };
}

/** Where the figures stand: not in the middle, where arrows cross. */
const labelShare = 0.36;

/** A cubic Bezier curve at that share of its way, in one dimension. */
function onCurve(a: number, b: number, c: number, d: number): number {
  const t = labelShare;
  const u = 1 - t;
  return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
}
