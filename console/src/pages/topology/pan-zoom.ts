/** Moving about in a drawing: drag, pinch, wheel with Ctrl, buttons. The part of the drawing in sight is an SVG viewBox. */
import { useEffect, useRef, useState } from "preact/hooks";

export interface Sight {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How far one may go in: a card as wide as this is never wider. */
const widthMin = 240;
const phoneWidth = 600;
const readableScale = 0.75;

/** `whole` is the drawing; one that changes is shown whole again, unless somebody has moved. */
export function usePanZoom(whole: Sight) {
  const svg = useRef<SVGSVGElement>(null);
  const [own, setOwn] = useState<Sight>();
  const sight = own ?? whole;
  const latest = useRef(sight);
  latest.current = sight;
  const zoom = (factor: number, at = { x: 0.5, y: 0.5 }) =>
    setOwn(zoomed(latest.current, { factor, at, widthMax: whole.width * 1.5 }));
  const latestZoom = useRef(zoom);
  latestZoom.current = zoom;
  useEffect(() => {
    const element = svg.current;
    if (!element) return;
    // The whole of a fleet is too small to be read on a phone: it begins with as much of the left as can be.
    const readableWidth = element.clientWidth / readableScale;
    if (element.clientWidth < phoneWidth && readableWidth < whole.width) {
      const height = (readableWidth / element.clientWidth) * element.clientHeight;
      const y = whole.y + (whole.height - height) / 2;
      setOwn({ x: whole.x, y, width: readableWidth, height });
    }
    return follow(element, {
      move: (dx, dy) => {
        const { x, y, width, height } = latest.current;
        // The drawing keeps its proportions, so one factor serves both directions.
        const scale = Math.max(width / element.clientWidth, height / element.clientHeight);
        setOwn({ x: x - dx * scale, y: y - dy * scale, width, height });
      },
      zoom: (factor, at) => latestZoom.current(factor, at),
    });
  }, []);
  return { svg, sight, zoom, showAll: () => setOwn(undefined) };
}

interface ZoomStep {
  readonly factor: number;
  /** Shares of width and height: what stays where it is. */
  readonly at: { readonly x: number; readonly y: number };
  readonly widthMax: number;
}

function zoomed({ x, y, width, height }: Sight, { factor, at, widthMax }: ZoomStep): Sight {
  const wanted = Math.min(Math.max(width / factor, widthMin), widthMax);
  const real = wanted / width;
  return {
    x: x + width * at.x * (1 - real),
    y: y + height * at.y * (1 - real),
    width: wanted,
    height: height * real,
  };
}

interface Moves {
  readonly move: (dx: number, dy: number) => void;
  readonly zoom: (factor: number, at: { x: number; y: number }) => void;
}

/** Below this many px a press is a click. */
const dragMin = 4;

function follow(element: SVGSVGElement, { move, zoom }: Moves): () => void {
  const fingers = new Map<number, { x: number; y: number }>();
  const controller = new AbortController();
  const { signal } = controller;
  let travelled = 0;
  const shareOf = (x: number, y: number) => {
    const box = element.getBoundingClientRect();
    return { x: (x - box.left) / box.width, y: (y - box.top) / box.height };
  };
  const onMove = ({ pointerId, clientX: x, clientY: y }: PointerEvent) => {
    const before = fingers.get(pointerId);
    if (!before) return;
    const other = [...fingers].find(([id]) => id !== pointerId)?.[1];
    fingers.set(pointerId, { x, y });
    travelled += Math.abs(x - before.x) + Math.abs(y - before.y);
    if (!other) return travelled < dragMin ? undefined : move(x - before.x, y - before.y);
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(x - other.x, y - other.y);
    if (was > 0) zoom(is / was, shareOf((x + other.x) / 2, (y + other.y) / 2));
  };
  const onUp = ({ pointerId }: PointerEvent) => fingers.delete(pointerId);
  element.addEventListener(
    "pointerdown",
    ({ pointerId, clientX: x, clientY: y, button }) => {
      if (button !== 0) return;
      if (fingers.size === 0) travelled = 0;
      fingers.set(pointerId, { x, y });
    },
    { signal },
  );
  addEventListener("pointermove", onMove, { signal });
  addEventListener("pointerup", onUp, { signal });
  addEventListener("pointercancel", onUp, { signal });
  element.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), shareOf(event.clientX, event.clientY));
    },
    { signal, passive: false },
  );
  // A drag that ends on a card does not open it.
  element.addEventListener(
    "click",
    (event) => {
      if (travelled >= dragMin) event.preventDefault();
    },
    { signal, capture: true },
  );
  return () => controller.abort();
}
