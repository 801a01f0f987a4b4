/** One line of a plot. */
export interface Series {
  readonly name: string;
  /** Lines of one colour belong together. */
  readonly colour: number;
  readonly isDashed: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A plot with both axes logarithmic. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const width = 720;
const height = 400;
const margin = { top: 40, right: 170, bottom: 50, left: 60 };
const colours = ["#2563eb", "#d97706", "#059669", "#dc2626"];

/** Draws it as SVG that is readable on light and dark pages. */
export function linesPlot({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((line) => line.points);
  const x = logScale(
    points.map((point) => point.x),
    [margin.left, width - margin.right],
  );
  const y = logScale(
    points.map((point) => point.y),
    [height - margin.bottom, margin.top],
  );
  const text = (at: { x: number; y: number }, words: string, attributes = "") =>
    `<text x="${round(at.x)}" y="${round(at.y)}" ${attributes}>${words}</text>`;
  const xTicks = [...new Set(points.map((point) => point.x))].map((value) =>
    text(
      { x: x(value), y: height - margin.bottom + 18 },
      value.toLocaleString("en-US"),
      'text-anchor="middle"',
    ),
  );
  const yTicks = decades(points.map((point) => point.y)).map(
    (value) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${round(y(value))}" y2="${round(y(value))}" stroke="#8884"/>` +
      text(
        { x: margin.left - 8, y: y(value) + 4 },
        value.toLocaleString("en-US"),
        'text-anchor="end"',
      ),
  );
  const lines = series.map(({ name, colour, isDashed, points: mine }, index) => {
    const path = mine.map((point) => `${round(x(point.x))},${round(y(point.y))}`).join(" ");
    const stroke = `stroke="${colours[colour % colours.length]}" stroke-width="2" ${isDashed ? 'stroke-dasharray="5 4"' : ""}`;
    const legendY = margin.top + index * 20;
    const legendX = width - margin.right + 15;
    return (
      `<polyline points="${path}" fill="none" ${stroke}/>` +
      `<line x1="${legendX}" x2="${legendX + 24}" y1="${legendY}" y2="${legendY}" ${stroke}/>` +
      text({ x: legendX + 30, y: legendY + 4 }, name)
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="12" fill="#888"><title>${title}</title>
${text({ x: margin.left, y: 20 }, title, 'font-size="15"')}
${text({ x: (margin.left + width - margin.right) / 2, y: height - 10 }, xLabel, 'text-anchor="middle"')}
${text({ x: 12, y: margin.top - 14 }, yLabel)}
${[...yTicks, ...xTicks, ...lines].join("\n")}
</svg>
`;
}

function logScale(values: readonly number[], [from, to]: readonly [number, number]) {
  const least = Math.log(Math.min(...values));
  const most = Math.log(Math.max(...values));
  return (value: number) => from + ((Math.log(value) - least) / (most - least || 1)) * (to - from);
}

/** 1, 2, 5, 10, 20 ... within the values. */
function decades(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const ticks: number[] = [];
  for (let power = 1; power <= most; power *= 10) ticks.push(power, 2 * power, 5 * power);
  return ticks.filter((tick) => tick >= Math.min(...values) && tick <= most);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
