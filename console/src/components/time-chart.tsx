/** A line over time, drawn by uPlot on a canvas in the colours of the scheme. */
import { useEffect, useRef, useState } from "preact/hooks";
import type UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../theme.ts";

interface TimeChartProps {
  readonly label: string;
  /** In s since 1970, growing. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly show: (value: number) => string;
  /** A custom property, as `--series-1`. */
  readonly colour: string;
}

const height = 120;

/** Loaded behind the first picture: it is a third of all code. */
const loadUplot = () => import("uplot").then((module) => module.default);

export function TimeChart({ label, times, values, show, colour }: TimeChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>();
  const [Plot, setPlot] = useState<typeof UPlot>();
  const scheme = theme.value;
  useEffect(() => {
    if (!Plot) void loadUplot().then((loaded) => setPlot(() => loaded));
  }, [Plot]);
  // Another scheme needs a new drawing; new data does not.
  useEffect(() => {
    const host = element.current;
    if (!host || !Plot) return;
    const plot = new Plot(optionsOf(host, { show, colour }), [[], []], host);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [scheme, colour, Plot]);
  // A new drawing needs the data again
  useEffect(() => {
    chart.current?.setData([times as number[], values as (number | null)[]]);
  }, [times, values, scheme, Plot]);
  const last = values.at(-1);
  return (
    <figure class="chart" aria-label={`${label}, the last minutes`}>
      <figcaption>
        <span class="soft">{label}</span>
        <strong>{last === null || last === undefined ? "\u2013" : show(last)}</strong>
      </figcaption>
      <div ref={element} />
    </figure>
  );
}

function optionsOf(
  host: HTMLElement,
  { show, colour }: Pick<TimeChartProps, "show" | "colour">,
): UPlot.Options {
  const style = getComputedStyle(host);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: read("--text-soft"),
    font: `11px ${read("--sans")}`,
    grid: { stroke: read("--line"), width: 1 },
    ticks: { show: false },
  };
  const line = read(colour);
  return {
    width: host.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, 0.001)] } },
    axes: [
      { ...axis, size: 24, values: (_, ticks) => ticks.map(clockOf) },
      { ...axis, size: 56, space: 32, values: (_, ticks) => ticks.map(show) },
    ],
    series: [{}, { stroke: line, width: 1.5, fill: `${line}22`, points: { show: false } }],
  };
}

function clockOf(atS: number): string {
  const at = new Date(atS * 1_000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
