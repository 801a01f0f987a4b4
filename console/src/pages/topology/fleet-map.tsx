/** The map: a card for each service with a dot for each instance, an arrow for each pair that talks. */
import { useMemo, useRef } from "preact/hooks";
import { Button } from "../../components/button.tsx";
import type { Graph } from "./graph.ts";
import { cardHeight, cardWidth, layoutOf, type Point } from "./layout.ts";
import { MapArrow } from "./map-arrow.tsx";
import { MapCard } from "./map-card.tsx";
import { type Sight, usePanZoom } from "./pan-zoom.ts";

const margin = 28;
/** More arrows than these carry their figures only while their card is chosen. */
const labelledMax = 24;

export function FleetMap({ graph, chosen }: { graph: Graph; chosen: string | undefined }) {
  const spots = useSpots(graph);
  const whole = useMemo(() => frameOf([...spots.values()]), [spots]);
  const { svg, sight, zoom, showAll } = usePanZoom(whole);
  const isBusy = graph.edges.length > labelledMax;
  return (
    <div class="map">
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing has no other element for a group */}
      <svg
        ref={svg}
        viewBox={`${sight.x} ${sight.y} ${sight.width} ${sight.height}`}
        role="group"
        aria-label={`Map of ${graph.vertices.length} services and callers with ${graph.edges.length} pairs that talk`}
      >
        <g>
          {graph.edges.map((edge) => (
            <MapArrow
              key={`${edge.from}\n${edge.to}`}
              edge={edge}
              from={spots.get(edge.from)}
              to={spots.get(edge.to)}
              isChosen={chosen === edge.from || chosen === edge.to}
              isDim={chosen !== undefined && chosen !== edge.from && chosen !== edge.to}
              hasFigures={!isBusy || chosen === edge.from || chosen === edge.to}
            />
          ))}
        </g>
        {graph.vertices.map((vertex) => (
          <MapCard
            key={vertex.name}
            vertex={vertex}
            spot={spots.get(vertex.name)}
            isChosen={vertex.name === chosen}
          />
        ))}
      </svg>
      <div class="map-tools">
        <Button onClick={() => zoom(1.4)} hint="Ctrl and wheel, or pinch">
          <span aria-hidden="true">+</span>
          <span class="hidden-text">Larger</span>
        </Button>
        <Button onClick={() => zoom(1 / 1.4)} hint="Ctrl and wheel, or pinch">
          <span aria-hidden="true">{"\u2212"}</span>
          <span class="hidden-text">Smaller</span>
        </Button>
        <Button onClick={showAll}>All</Button>
      </div>
    </div>
  );
}

/** Laid out anew only when somebody comes, goes or begins to talk to another. */
function useSpots({ vertices, edges }: Graph): Map<string, Point> {
  const known = useRef(new Set<string>());
  const names = vertices.map(({ name }) => name);
  // An edge that falls silent stays in the layout: cards must not jump with the traffic.
  for (const { from, to } of edges) known.current.add(`${from}\n${to}`);
  const key = `${names.join("\n")}\n\n${known.current.size}`;
  // The key stands for names and arrows
  return useMemo(() => {
    const present = new Set(names);
    const arrows = [...known.current]
      .map((pair) => pair.split("\n") as [string, string])
      .map(([from, to]) => ({ from, to }))
      .filter(({ from, to }) => present.has(from) && present.has(to));
    return layoutOf(names, arrows);
  }, [key]);
}

function frameOf(points: readonly Point[]): Sight {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const left = Math.min(0, ...xs) - cardWidth / 2 - margin;
  const top = Math.min(0, ...ys) - cardHeight / 2 - margin;
  return {
    x: left,
    y: top,
    width: Math.max(0, ...xs) + cardWidth / 2 + margin - left,
    height: Math.max(0, ...ys) + cardHeight / 2 + margin - top,
  };
}
