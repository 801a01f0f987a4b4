/** The text format that Prometheus and most others read (Prometheus documentation, "Exposition formats", version 0.0.4). */

/** What is added to the metric's name, own labels, value. */
export type Sample = readonly [
  suffix: string,
  labels: Readonly<Record<string, string>>,
  value: number,
];

/** One metric with all its series. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

/** Whose metrics these are: labels that are added to each line. */
export interface MetricSource {
  readonly labels: Readonly<Record<string, string>>;
  readonly families: readonly MetricFamily[];
}

/** The content type of {@link exposition}. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** The metrics of one process, or of several, as text: all lines of a metric stand together. Those without a series are left out. */
export function exposition(sources: readonly MetricSource[]): string {
  const blocks = new Map<string, string[]>();
  for (const { labels: common, families } of sources) {
    for (const { name, help, type, samples } of families) {
      if (samples.length === 0) continue;
      const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
      const lines = blocks.get(name) ?? head;
      blocks.set(name, lines);
      for (const [suffix, labels, value] of samples)
        lines.push(`${name}${suffix}${labelText({ ...common, ...labels })} ${numberText(value)}`);
    }
  }
  return [...blocks.values()].map((lines) => `${lines.join("\n")}\n`).join("");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}
