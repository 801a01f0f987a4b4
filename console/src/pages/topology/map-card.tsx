import { toneOfErrors } from "../../components/badge.tsx";
import { duration, percent, plural, rate } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";
import type { Health, Vertex } from "./graph.ts";
import { cardHeight, cardWidth, type Point } from "./layout.ts";

const dotSize = 6;
const dotGap = 2;
const dotsPerRow = 20;
const dotsMax = 2 * dotsPerRow;
const nameMax = 20;
const healths: readonly Health[] = ["good", "warn", "bad"];

interface CardProps {
  readonly vertex: Vertex;
  readonly spot: Point | undefined;
  readonly isChosen: boolean;
}

/** One service: name, traffic, and a dot for each instance, coloured by its health. The dots of a colour are one path. */
export function MapCard({ vertex, spot, isChosen }: CardProps) {
  if (!spot) return null;
  const { name, isService, instances, perS, errorShare, p99Ms } = vertex;
  const ill = instances.filter(({ health }) => health !== "good").length;
  const shortName = name.length > nameMax ? `${name.slice(0, nameMax - 1)}\u2026` : name;
  const role = isService ? rate(perS) : "caller";
  const errors = perS > 0 ? ` \u00b7 ${percent(errorShare)}` : "";
  const slowest = perS > 0 ? ` \u00b7 ${duration(p99Ms)}` : "";
  const many = instances.length > dotsMax ? String(instances.length) : "";
  const said = `${name}: ${plural(instances.length, "instance")}${ill > 0 ? `, ${ill} not well` : ""}, ${rate(perS)}, ${percent(errorShare)} errors, p99 ${duration(p99Ms)}`;
  const state = ill > 0 ? " is-ill" : "";
  return (
    <a
      href={hrefOf(["topology", "service", name])}
      class={`card${isChosen ? " is-chosen" : ""}${isService ? "" : " is-caller"}${state}`}
    >
      <title>{said}</title>
      <g transform={`translate(${spot.x - cardWidth / 2} ${spot.y - cardHeight / 2})`}>
        <rect width={cardWidth} height={cardHeight} rx="8" />
        <text class="name" x="10" y="20">
          {shortName}
        </text>
        <text class="figures" x="10" y="37">
          {role}
          {errors ? <tspan class={`tone-${toneOfErrors(errorShare)}`}>{errors}</tspan> : null}
          {slowest}
        </text>
        {many ? (
          <text class="figures" x={cardWidth - 10} y="20" text-anchor="end">
            {many}
          </text>
        ) : null}
        {healths.map((health) => (
          <path key={health} class={`dots tone-${health}`} d={dotsOf(vertex, health)} />
        ))}
      </g>
    </a>
  );
}

/** Ill ones first, so that they are seen also where there are more instances than dots. */
function dotsOf({ instances }: Vertex, health: Health): string {
  const inOrder = [...instances].sort(
    (a, b) => healths.indexOf(b.health) - healths.indexOf(a.health),
  );
  let path = "";
  inOrder.slice(0, dotsMax).forEach((instance, index) => {
    if (instance.health !== health) return;
    const x = 10 + (index % dotsPerRow) * (dotSize + dotGap);
    const y = 46 + Math.floor(index / dotsPerRow) * (dotSize + dotGap + 1);
    path += `M${x} ${y}h${dotSize}v${dotSize}h-${dotSize}z`;
  });
  return path;
}
